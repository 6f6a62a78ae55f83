"""Whose a lab is: marks in the environment of its processes, and the end of labs whose owner is gone.

The kernel ends a lab with its owner (PR_SET_PDEATHSIG). `reap` is for what that cannot cover: an owner that was killed
in the instant between starting a lab's first process and that process asking for the signal.
"""

from __future__ import annotations

import os
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from calicolab.host.processes import alive as alive
from calicolab.host.processes import identity as identity
from calicolab.labs.netns.namespaces import LAB_MARK, OWNER_MARK

#: The owner of a lab that `calicolab up` left standing: only `calicolab down` ends it.
STANDING = "standing"


@dataclass(frozen=True)
class MarkedProcess:
    """A running process that carries a lab's marks."""

    pid: int
    lab: str
    owner: str


def new_marks(lab_id: str, *, standing: bool = False) -> dict[str, str]:
    """The environment that marks the processes of a new lab as ours."""
    owner = STANDING if standing else identity(os.getpid())
    return {LAB_MARK: f"{lab_id}-{secrets.token_hex(4)}", OWNER_MARK: owner}


def mount_point() -> Path:
    """The folder over which a lab mounts its tmpfs, in its own mount namespace: it stays empty for everybody else."""
    folder = (
        Path(os.environ.get("CALICOLAB_CACHE") or platformdirs.user_cache_path("calico-conformance")) / "lab"
    )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def marked() -> list[MarkedProcess]:
    """Every running process that carries a lab's marks."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue  # ended meanwhile, or a kernel thread's
        marks = dict(
            pair.split("=", 1) for pair in environment.decode(errors="replace").split("\0") if "=" in pair
        )
        if LAB_MARK in marks and OWNER_MARK in marks:
            found.append(MarkedProcess(pid=int(entry.name), lab=marks[LAB_MARK], owner=marks[OWNER_MARK]))
    return found


def reap() -> list[str]:
    """End every lab whose owner is gone, and return their marks. Nothing without a mark is touched."""
    reaped = set()
    for process in marked():
        if process.owner == STANDING or alive(process.owner):
            continue
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            # The number may have been given away since: the descriptor holds the process that has it now.
            if process in marked():
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                reaped.add(process.lab)
        except ProcessLookupError:
            pass  # ended by itself, or with another of its lab
        finally:
            os.close(descriptor)
    return sorted(reaped)
