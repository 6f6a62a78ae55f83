"""How kind labs are made, and found again when they stand by themselves (`labs.Making`)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from calicolab import artifacts, engine
from calicolab.artifacts.images import configuration_digest
from calicolab.engine import place, private
from calicolab.errors import LabError, UsageError
from calicolab.labs.kind import ownership, removal, topology
from calicolab.labs.kind.lab import KindLab
from calicolab.labs.kind.marks import STANDING, Marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Progress
    from calicolab.engine import Engine
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


def build(asked: Sequence[Asked], *, report: Progress) -> None:
    """Have the programs and images of these labs built; errors as of `create`."""
    for source in {one.source for one in asked}:
        versions = [one.version for one in asked if one.source == source]
        artifacts.obtain_kind(versions, source=source, report=report)


def handle(lab: Lab) -> dict[str, Any]:
    """Its name: that of the cluster, its network and its folder; and the engine that it is in."""
    ours = _ours(lab)
    return {"cluster": ours.marks.cluster, "engine": ours.engine.host}


def made_of(lab: Lab) -> dict[str, str]:
    """The images that it runs, and what is applied to it: each by its content, as a name may get another one."""
    files = _ours(lab).files
    images = {
        f"image {number}": f"{image.name} (sha256:{configuration_digest(image)})"
        for number, image in enumerate(files.images)
    }
    others = {"calicoctl": files.calicoctl, "Calico's manifest": files.calico.manifest}
    return images | {what: _digest(path) for what, path in others.items()}


def alive(handle: Mapping[str, Any]) -> bool:
    """Whether anything of it is left in its engine: even a broken one is to be taken down.

    Raises:
        UsageError: that engine is not to be found, so nobody knows.
        LabError: that engine does not answer.
    """
    where = _engine_of(handle)
    return where is not None and removal.left(where, handle["cluster"])


def attach(handle: Mapping[str, Any], lab: Lab) -> None:
    """Let `lab` be the one that stands.

    Raises:
        UsageError: it is in another engine than the one that is found now.
        LabError: it cannot be reached.
    """
    ours = _ours(lab)
    _refuse_elsewhere(handle, ours.engine)
    ours.adopt(Marks(cluster=handle["cluster"], owner=STANDING))


def end(handle: Mapping[str, Any]) -> None:
    """Remove all of it. One that has ended already is no error.

    Raises:
        UsageError: the engine that it is in is not to be found.
        LabError: something of it is left.
    """
    where = _engine_of(handle)
    if where is not None:
        removal.remove(where, handle["cluster"])
    else:
        removal.remove_folder(handle["cluster"])


def _engine_of(handle: Mapping[str, Any]) -> Engine | None:
    """The engine that a standing lab is in; None when that was the private one, which took the lab with it.

    Raises:
        UsageError: it is another one than the one that is found now.
        LabError: it does not answer.
    """
    own = place.default()
    if handle["engine"] != own.host:
        found = engine.find()
        _refuse_elsewhere(handle, found)
        return found
    if own.running() is None:
        return None
    # Whatever DOCKER_HOST says: this is the one.
    running = private.running(own)
    if running is None:
        raise LabError(f"the private Docker engine does not answer: look into {own.log}")
    return running


def _refuse_elsewhere(handle: Mapping[str, Any], found: Engine) -> None:
    if found.host != handle["engine"]:
        raise UsageError(
            f"the lab {handle['cluster']} stands in the Docker engine at {handle['engine']}, but the one that is found "
            f"is at {found.host}: set DOCKER_HOST={handle['engine']}"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def reap() -> list[str]:
    """Remove the labs whose owner is gone."""
    return ownership.reap(engine.find())


def _ours(lab: Lab) -> KindLab:
    if not isinstance(lab, KindLab):
        raise LabError(f"{lab.id} is no kind lab")
    return lab
