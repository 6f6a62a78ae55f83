"""How namespace labs are made, and found again when they stand by themselves (`labs.Making`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calicolab import artifacts
from calicolab.errors import LabError, UsageError
from calicolab.host import processes
from calicolab.labs.netns import ownership, preflight, topology
from calicolab.labs.netns.lab import NetnsLab
from calicolab.labs.netns.namespaces import Init

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.progress import Progress
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.asked import Asked
    from calicolab.labs.base import Lab

#: Seconds for the kernel to end a lab's processes.
END_TIMEOUT = 10.0
#: What such a lab cannot do, and why; known before there is one.
CANNOT = NetnsLab.cannot


def create(asked: Asked, *, timeline: Timeline, report: Progress, standing: bool = False) -> NetnsLab:
    """A namespace lab that is not yet up.

    Raises:
        UsageError: it cannot be as asked for.
        ArtifactError: a program could not be had.
    """
    if asked.control_planes != 1:
        raise UsageError(
            f"the namespace lab has no control plane, but {asked.control_planes} were asked for: ask for --lab kind"
        )
    # What this machine cannot carry is refused before anything is built for it.
    preflight.check(topology.plan(nodes=asked.nodes, subnet=asked.subnet))
    files = artifacts.obtain([asked.version], source=asked.source, report=report)[asked.version]
    return NetnsLab(
        files, timeline=timeline, nodes=asked.nodes, subnet=asked.subnet, dies_with_us=not standing
    )


def build(asked: Sequence[Asked], *, report: Progress) -> None:
    """Have the programs of these labs built; errors as of `create`."""
    for source in {one.source for one in asked}:
        artifacts.obtain([one.version for one in asked if one.source == source], source=source, report=report)


def handle(lab: Lab) -> dict[str, Any]:
    """Its marks, and its processes: numbers with their start times."""
    ours = _ours(lab)
    found = {what: processes.identity(init.pid) for what, init in ours.processes().items()}
    return {"marks": ours.marks, "processes": found}


def made_of(lab: Lab) -> dict[str, str]:
    """The entries of the cache that it runs on."""
    files = _ours(lab).files
    return {"programs": files.container.parent.parent.name, "root file system": files.debian.parent.name}


def alive(handle: Mapping[str, Any]) -> bool:
    """Whether the lab's first process is still the one that was noted."""
    return processes.alive(handle["processes"]["switch"])


def attach(handle: Mapping[str, Any], lab: Lab) -> None:
    """Let `lab` be the one that stands."""
    _ours(lab).adopt(
        marks=handle["marks"],
        processes={
            what: Init(pid=int(identity.partition(":")[0]), parent=None)
            for what, identity in handle["processes"].items()
            if processes.alive(identity)
        },
    )


def end(handle: Mapping[str, Any]) -> None:
    """End its first process, and all of it with that. One that has ended already is no error."""
    processes.end(handle["processes"]["switch"], timeout=END_TIMEOUT)


def reap() -> list[str]:
    """End the labs whose owner is gone."""
    return ownership.reap()


def _ours(lab: Lab) -> NetnsLab:
    if not isinstance(lab, NetnsLab):
        raise LabError(f"{lab.id} is no namespace lab")
    return lab
