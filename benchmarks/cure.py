"""The incident's cure, from `calicoctl apply` to a full mesh, and how late the harness sees a session Established."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from benchmarks.labs import new_lab
from benchmarks.measure import Figure, keep
from calicolab.calico.facts import Session
from calicolab.calico.mesh import Mesh, Pair
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.wait import wait_for

RUNS = 10
#: Seconds: `connect delay time 2` of Calico's bird.cfg.template.
CONNECT_DELAY = 2.0


def main() -> None:
    cured = Figure("cure to full mesh", "s", goal=CONNECT_DELAY + 1)
    seen = Figure("a session seen Established after BIRD's own time stamp of it", "ms", goal=100)
    with new_lab("v3.23.2") as lab:
        faulty = lab.node("node02")
        for _ in range(RUNS):
            with lab.fault(DockerBridge(node=faulty.name)):
                faulty.calico.restart()
                wait_for(lab.mesh, until=lambda mesh: len(mesh.strangers) == 2, timeout=30)
                started = time.monotonic()
                CorrectNodeAddress(node=faulty.name, address=f"{faulty.address}/24").apply(lab)
                first: dict[Pair, tuple[datetime, Session]] = {}

                def look() -> Mesh:
                    mesh = lab.mesh()
                    now = datetime.now(UTC)
                    for pair in mesh.established_pairs:
                        session = mesh.session(*pair)
                        if pair not in first and session is not None and faulty.name in pair:
                            first[pair] = now, session
                    return mesh

                wait_for(look, until=lambda mesh: mesh.is_full, timeout=30)
                cured.add(time.monotonic() - started)
                for now, session in first.values():
                    seen.add((now - session.since).total_seconds() * 1000)
    keep("cure", [cured, seen])


if __name__ == "__main__":
    main()
