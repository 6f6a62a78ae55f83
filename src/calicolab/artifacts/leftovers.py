"""Folders that belong to one process, and their removal when that process was killed."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from calicolab.errors import ArtifactError
from calicolab.host.processes import started

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWNED = re.compile(r"(?P<entry>.+)@(?P<pid>\d+)\.(?P<start>\d+)")


@contextmanager
def owned(path: Path) -> Iterator[Path]:
    """A folder named `path` plus our process number and start time; removed on the way out."""
    folder = path.with_name(f"{path.name}@{os.getpid()}.{started(os.getpid())}")
    folder.mkdir()
    try:
        yield folder
    finally:
        remove(folder)


def sweep(folder: Path, *, locks: Path) -> list[str]:
    """Remove what dead builds left in `folder`; return the names of the entries they were making.

    Both must hold: the process that made it is gone (by number and start time, as numbers are used again), and
    nobody holds the entry's lock (the process may be out of sight, in another process namespace).
    """
    removed: list[str] = []
    for left in folder.iterdir():
        match = _OWNED.fullmatch(left.name)
        if match is None or started(int(match["pid"])) == match["start"]:
            continue
        lock = filelock.FileLock(locks / f"{match['entry']}.lock")
        try:
            with lock.acquire(timeout=0):
                remove(left)
        except filelock.Timeout:
            continue
        removed.append(match["entry"])
    return removed


def remove(folder: Path) -> None:
    """Delete `folder`, unless something is mounted below it: then that would be emptied, too.

    Raises:
        ArtifactError: something is mounted there.
    """
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mounted = line.split()[4].replace("\\040", " ")
        if mounted.startswith(f"{folder}/"):
            raise ArtifactError(
                f"{mounted} is mounted inside {folder}, which is to be removed: unmount it first"
            )
    shutil.rmtree(folder, ignore_errors=False)
