"""A lab's guard: a process of its own that removes the lab when its owner ends without having done so.

Run as a program it is the guard. It hears of the owner's end by pidfd, and from the owner itself through a pipe.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.engine.client import Engine
from calicolab.errors import LabError
from calicolab.host import processes
from calicolab.labs.kind.removal import remove

if TYPE_CHECKING:
    from calicolab.labs.kind.marks import Marks

_READY, _RELEASED = b"guarding\n", b"released\n"


def start(engine: Engine, marks: Marks) -> subprocess.Popen[bytes]:
    """Start the guard of a lab whose owner is this process, and wait until it watches.

    Raises:
        LabError: it did not start.
    """
    described = {field.name: getattr(engine, field.name) for field in fields(engine)}
    described["settings"] = dict(engine.settings)
    log = marks.folder / "guard.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, marks.cluster, marks.owner, json.dumps(described, default=str)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd="/",
            # Ctrl-C at the terminal is for the owner, which removes its lab in order.
            start_new_session=True,
        )
    assert process.stdout is not None  # noqa: S101 - opened as a pipe above
    with process.stdout as output:
        line = output.readline()
    if line != _READY:
        process.wait()
        raise LabError(f"the lab's guard did not start: {log.read_text().strip() or 'it said nothing'}")
    return process


def release(process: subprocess.Popen[bytes], *, timeout: float) -> None:
    """Tell the guard that there is nothing to guard any more, and wait for its end."""
    process.communicate(_RELEASED, timeout=timeout)


def watch(engine: Engine, cluster: str, owner: str) -> None:
    """Wait for the owner's word or its end, and remove the lab after its end.

    Raises:
        LabError: something of the lab is left.
    """
    try:
        descriptor = os.pidfd_open(int(owner.partition(":")[0]))
    except ProcessLookupError:
        remove(engine, cluster)
        return
    if processes.alive(owner):
        sys.stdout.buffer.write(_READY)
        sys.stdout.buffer.flush()
        ready, _, _ = select.select([descriptor, sys.stdin.buffer], [], [])
        if sys.stdin.buffer in ready and sys.stdin.buffer.readline() == _RELEASED:
            return
    remove(engine, cluster)


def main() -> None:
    """Guard the lab that the arguments name."""
    cluster, owner, described = sys.argv[1:]
    told = json.loads(described)
    paths = {name: Path(told[name]) for name in ("docker", "proc", "network")}
    watch(Engine(**{**told, **paths}), cluster, owner)


if __name__ == "__main__":
    main()
