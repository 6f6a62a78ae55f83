"""Have containerd unpack images at build time, and keep what it unpacked where nothing copies it.

kind gives each node a volume for /var, which the engine fills from the image: what lies there is copied for every node.
So a snapshot's files lie in /kind/snapshots of the image, where all nodes share them, and /var holds a link to them;
the kernel follows it when it mounts a container's layers.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.debian_install import ALONE
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Step

#: Changes whenever what is done here or in `importer` does.
RECIPE = "unpacking 3"
TIMEOUT = 900.0
STATE = "var/lib/containerd"
SNAPSHOTS = "io.containerd.snapshotter.v1.overlayfs/snapshots"
SHARED = "kind/snapshots"
#: What containerd makes again by itself.
_FLEETING = ("tmpmounts", "io.containerd.content.v1.content/ingest")


def unpack(
    archives: Path,
    *,
    root: Sequence[Path],
    upper: Path,
    scratch: Path,
    step: Step,
    before: Path | None = None,
) -> None:
    """Put what containerd makes of the images in `archives` into `upper`, the layer over the system `root`.

    Args:
        archives: a folder of image archives.
        root: the layers of a whole root file system with containerd, the uppermost first; they are only read.
        upper: the layer over it, with containerd's settings.
        scratch: an empty folder on the same file system as `upper`.
        step: told which image it is at.
        before: containerd's folder with what it unpacked before; it becomes part of `upper`.

    Raises:
        ArtifactError: containerd did not start, or refused an image.
    """
    work, state = scratch / "work", scratch / "state"
    work.mkdir()
    if before is None:
        state.mkdir()
    else:
        before.rename(state)
    command = [
        *ALONE,
        "--net",
        *(sys.executable, "-m", "calicolab.artifacts.kubernetes.importer"),
        *map(str, (upper, work, state, archives, *root)),
    ]
    try:
        follow(command, timeout=TIMEOUT, on_line=lambda line: _tell(step, line))
    except ProgramFailed as failed:
        if disk.ran_out(failed.said):
            raise ArtifactError(
                f"images could not be unpacked: no free disk is left; {disk.REMEDY}"
            ) from failed
        raise ArtifactError(
            f"images could not be unpacked into a node's containerd: {failed.said}"
        ) from failed
    keep(state, upper)


def keep(state: Path, upper: Path) -> None:
    """Move containerd's folder `state` into the layer `upper`, and its snapshots to where all nodes share them."""
    for name in _FLEETING:
        shutil.rmtree(state / name, ignore_errors=True)
    shared = upper / SHARED
    shared.mkdir(parents=True)
    for snapshot in sorted((state / SNAPSHOTS).iterdir()):
        files = snapshot / "fs"
        if files.is_symlink():
            continue
        files.rename(shared / snapshot.name)
        files.symlink_to(f"/{SHARED}/{snapshot.name}")
    inside = upper / STATE
    shutil.rmtree(inside, ignore_errors=True)
    inside.parent.mkdir(parents=True, exist_ok=True)
    state.rename(inside)


def _tell(step: Step, line: str) -> None:
    if line.endswith(".tar"):
        step.stage(f"unpacking {line.removesuffix('.tar')}")
