"""Free disk: checked before a build, and said in a sentence when it runs out all the same."""

from __future__ import annotations

import errno
import itertools
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MEGABYTE = 10**6
REMEDY = "free some, or name a roomier place (CALICOLAB_CACHE, GOCACHE, GOMODCACHE, TMPDIR)"


@dataclass(frozen=True)
class Need:
    """Room that the making of `purpose` takes in `folder`, in megabytes."""

    folder: Path
    megabytes: int
    purpose: str


def require(needs: Sequence[Need]) -> None:
    """Raise unless there is room for all of `needs` together, on each file system that they fall on.

    Raises:
        ArtifactError: there is less; the sentence says how much, where, for what, and what to do.
    """
    for _device, group in itertools.groupby(sorted(needs, key=_device_of), key=_device_of):
        here = list(group)
        facts = os.statvfs(_existing(here[0].folder))
        free = facts.f_bavail * facts.f_frsize // MEGABYTE
        wanted = sum(need.megabytes for need in here)
        if free < wanted:
            purposes = ", ".join(dict.fromkeys(need.purpose for need in here))
            folders = ", ".join(dict.fromkeys(str(need.folder) for need in here))
            raise ArtifactError(
                f"not enough free disk: about {wanted} MB are needed in {folders} for {purposes}, and {free} MB are "
                f"free there; {REMEDY}"
            )


def ran_out(said: str) -> bool:
    """Whether what a program said means that no disk was left."""
    return os.strerror(errno.ENOSPC).lower() in said.lower()


@contextmanager
def told_clearly(root: Path) -> Iterator[None]:
    """Turn an operating system's error about the cache at `root` into one sentence.

    Raises:
        ArtifactError: instead of OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ArtifactError(f"no free disk is left in {root}; {REMEDY}") from error
        raise ArtifactError(f"the cache {root} cannot be used: {error}") from error


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _device_of(need: Need) -> int:
    return _existing(need.folder).stat().st_dev
