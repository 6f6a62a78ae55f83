"""Labs: where real Calico runs. Each is a folder of its own behind the protocols of `base`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab import artifacts
from calicolab.artifacts.progress import for_terminal
from calicolab.errors import UsageError
from calicolab.labs.netns import preflight, topology
from calicolab.labs.netns.lab import NetnsLab

if TYPE_CHECKING:
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.base import Lab

KINDS = ("netns",)


def create(
    kind: str,
    *,
    version: str,
    nodes: int,
    timeline: Timeline,
    source: str = "gomod",
    report: artifacts.Progress | None = None,
) -> Lab:
    """Return a lab that is not yet up; what it needs is built and verified.

    Args:
        kind: one of KINDS.
        version: of Calico.
        nodes: how many.
        timeline: where the lab notes its events.
        source: where its programs come from.
        report: told what is built; the terminal when None.

    Raises:
        UsageError: there is no such kind of lab, or it cannot be as asked for.
        ArtifactError: a program could not be had.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no lab of kind {kind!r} yet: the labs are {', '.join(KINDS)}")
    # What this machine cannot carry is refused before anything is built for it.
    preflight.check(topology.plan(nodes=nodes))
    files = artifacts.obtain([version], source=source, report=report or for_terminal())[version]
    return NetnsLab(files, timeline=timeline, nodes=nodes)
