"""Free disk: checked before a build, and said in a sentence when it runs out all the same."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEGABYTE = 10**6


def require(path: Path, *, megabytes: int, purpose: str) -> None:
    """Raise unless `megabytes` are free where `path` is or will be.

    Raises:
        ArtifactError: there is less; the sentence says how much, where, and what to do.
    """
    there = path
    while not there.exists():
        there = there.parent
    facts = os.statvfs(there)
    free = facts.f_bavail * facts.f_frsize // MEGABYTE
    if free < megabytes:
        raise ArtifactError(
            f"not enough free disk: {purpose} needs {megabytes} MB in {path}, and {free} MB are free there; "
            "free some, or name a roomier place (CALICOLAB_CACHE, GOCACHE, GOMODCACHE)"
        )


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
            raise ArtifactError(
                f"no free disk is left in {root}; free some, or name a roomier place with CALICOLAB_CACHE"
            ) from error
        raise ArtifactError(f"the cache {root} cannot be used: {error}") from error
