"""An owner of its own, to be killed: makes a lab's network, fence and containers, says so, and waits."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from calicolab.engine import Engine
from calicolab.labs.kind import fence, network, ownership
from calicolab.labs.kind.marks import KIND, KIND_NETWORK

CONTAINERS = 3


def main() -> None:
    """Make the lab and wait for the end; print its name first, then a line at each stage."""
    described, image, subnet, then = sys.argv[1:]
    told = json.loads(described)
    engine = Engine(**{**told, **{name: Path(told[name]) for name in ("docker", "proc", "network")}})
    marks = ownership.new_marks("kind-v0.0.0", standing=False)
    print(marks.cluster, flush=True)
    with ownership.guarded(engine, marks) as life:
        made = network.create(engine, name=marks.cluster, subnet=subnet, labels=marks.labels)
        fence.raise_(engine, made, mark=marks.cluster)
        print("fenced", flush=True)
        # What kind would be: it runs on when this process is killed.
        environment = {**engine.environment(), KIND_NETWORK: marks.cluster}
        maker = subprocess.Popen(["sleep", "600"], env=environment, process_group=0)
        for number in range(CONTAINERS):
            # kind's containers carry kind's label only.
            engine.run(
                "run", "--detach", "--label", f"{KIND}={marks.cluster}", *_node(marks.cluster, image, number)
            )
        print("up", flush=True)
        if then == "keep":
            life.keep()
            maker.kill()
            maker.wait()
            return
        threading.Event().wait()


def _node(cluster: str, image: str, number: int) -> tuple[str, ...]:
    name = ("--name", f"{cluster}-worker{number}", "--restart=on-failure:1")
    return (*name, "--privileged", "--network", cluster, image, "busybox", "sleep", "600")


if __name__ == "__main__":
    main()
