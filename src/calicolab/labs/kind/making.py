"""How kind labs are made, and found again when they stand by themselves (`labs.Making`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calicolab import artifacts, engine
from calicolab.errors import LabError, UsageError
from calicolab.labs.kind import ownership, topology
from calicolab.labs.kind.lab import KindLab
from calicolab.labs.kind.marks import STANDING, Marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.artifacts.progress import Progress
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.asked import Asked
    from calicolab.labs.base import Lab

#: What such a lab cannot do, and why; known before there is one.
CANNOT = KindLab.cannot


def create(asked: Asked, *, timeline: Timeline, report: Progress, standing: bool = False) -> KindLab:
    """A kind lab that is not yet up; it stands by itself once it was left.

    Raises:
        UsageError: it cannot be as asked for, or there is no engine for it.
        ArtifactError: a program or image could not be had.
    """
    del standing
    # What cannot be is refused before anything is built for it.
    topology.plan("", nodes=asked.nodes, control_planes=asked.control_planes, subnet=asked.subnet)
    found = engine.find()
    files = artifacts.obtain_kind([asked.version], source=asked.source, report=report)[asked.version]
    return KindLab(
        files,
        engine=found,
        timeline=timeline,
        nodes=asked.nodes,
        control_planes=asked.control_planes,
        subnet=asked.subnet,
    )


def handle(lab: Lab) -> dict[str, Any]:
    """Its name: that of the cluster, its network and its folder; and the engine that it is in."""
    ours = _ours(lab)
    return {"cluster": ours.marks.cluster, "engine": ours.engine.host}


def made_of(lab: Lab) -> dict[str, str]:
    """The images that it runs."""
    return {f"image {number}": image.name for number, image in enumerate(_ours(lab).files.images)}


def alive(handle: Mapping[str, Any]) -> bool:
    """Whether its first control plane runs."""
    try:
        found = engine.find()
    except UsageError:
        return False
    name = topology.plan(handle["cluster"]).nodes[0].container
    said = found.run_status("inspect", "--type=container", "--format={{.State.Running}}", name)
    return said.stdout.strip() == "true"


def attach(handle: Mapping[str, Any], lab: Lab) -> None:
    """Let `lab` be the one that stands."""
    _ours(lab).adopt(Marks(cluster=handle["cluster"], owner=STANDING))


def end(handle: Mapping[str, Any]) -> None:
    """Remove all of it."""
    ownership.remove(engine.find(), handle["cluster"])


def reap() -> list[str]:
    """Remove the labs whose owner is gone."""
    return ownership.reap(engine.find())


def _ours(lab: Lab) -> KindLab:
    if not isinstance(lab, KindLab):
        raise LabError(f"{lab.id} is no kind lab")
    return lab
