"""What an entry of the cache consists of, file by file, and whether it still does."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec

#: Two threads a core keep both cores hashing while files are opened.
THREADS = 4
#: How many differences an error names.
DIFFERENCES_NAMED = 3


class File(msgspec.Struct, frozen=True, array_like=True):
    """One file, link or directory. `content` is the SHA-256 of a file and the target of a link."""

    path: str
    kind: Literal["file", "link", "directory"]
    mode: int
    owner: int
    group: int
    content: str


class Manifest(msgspec.Struct, frozen=True):
    """An entry: what it was made from and every file of it. `seconds` is what making it took."""

    name: str
    version: str
    key: str
    made: str
    seconds: float
    provenance: dict[str, str]
    files: list[File]


class Checksums:
    """SHA-256 of files, each inode read once: entries share their big files by hard links."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], str] = {}

    def compute(self, found: list[tuple[Path, os.stat_result]]) -> dict[Path, str]:
        """The checksum of every regular file in `found`, computed in a few threads."""
        todo: dict[tuple[int, int], Path] = {}
        for path, facts in found:
            if stat.S_ISREG(facts.st_mode) and (inode := (facts.st_dev, facts.st_ino)) not in self._known:
                todo.setdefault(inode, path)
        sizes = {(facts.st_dev, facts.st_ino): facts.st_size for _path, facts in found}
        largest_first = sorted(todo, key=lambda inode: -sizes[inode])
        # Dealt out like cards, so that every thread gets its share of big files.
        hands = [largest_first[number::THREADS] for number in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as pool:
            for sums in pool.map(lambda hand: {inode: _sha256(todo[inode]) for inode in hand}, hands):
                self._known |= sums
        return {
            path: self._known[facts.st_dev, facts.st_ino]
            for path, facts in found
            if stat.S_ISREG(facts.st_mode)
        }


def survey(root: Path, checksums: Checksums) -> list[File]:
    """Every file below `root`, in order of their paths.

    Raises:
        ValueError: there is something else than files, links and directories.
        OSError: something could not be read.
    """
    found = sorted(_walk(root))
    sums = checksums.compute(found)
    prefix = len(str(root)) + 1
    files: list[File] = []
    for path, facts in found:
        if stat.S_ISREG(facts.st_mode):
            kind, content = "file", sums[path]
        elif stat.S_ISLNK(facts.st_mode):
            kind, content = "link", str(path.readlink())
        elif stat.S_ISDIR(facts.st_mode):
            kind, content = "directory", ""
        else:
            raise ValueError(f"{path} is neither a file nor a link nor a directory")
        files.append(
            File(
                path=str(path)[prefix:],
                kind=kind,  # type: ignore[arg-type] # one of the three words, chosen above
                mode=stat.S_IMODE(facts.st_mode),
                owner=facts.st_uid,
                group=facts.st_gid,
                content=content,
            )
        )
    return files


def differences(expected: list[File], found: list[File]) -> list[str]:
    """What `found` has too little, too much or different, a sentence each; none when they are the same."""
    if expected == found:
        return []
    wanted, there = {file.path: file for file in expected}, {file.path: file for file in found}
    sentences = [f"{path} is missing" for path in wanted.keys() - there.keys()]
    sentences += [f"{path} does not belong to it" for path in there.keys() - wanted.keys()]
    for path in wanted.keys() & there.keys():
        if wanted[path].content != there[path].content:
            sentences.append(f"{path} differs from its checksum")
        elif wanted[path] != there[path]:
            sentences.append(f"{path} has another kind, mode or owner")
    return sorted(sentences)


def summary(sentences: list[str]) -> str:
    """The first of `sentences`, and how many there are beyond them."""
    beyond = len(sentences) - DIFFERENCES_NAMED
    return "; ".join(sentences[:DIFFERENCES_NAMED]) + (f"; and {beyond} more" if beyond > 0 else "")


def _walk(root: Path) -> list[tuple[Path, os.stat_result]]:
    found: list[tuple[Path, os.stat_result]] = []
    folders = [root]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                found.append((Path(entry.path), facts))
                if stat.S_ISDIR(facts.st_mode):
                    folders.append(Path(entry.path))
    return found


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
