"""Recipes that need no network and no root."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts.cache import Cache, checksum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calicolab.artifacts.disk import Need
    from calicolab.artifacts.progress import Step


class Notes:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.made: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        self.made.append(title)
        yield self

    def stage(self, text: str) -> None:
        pass

    def advance(self, done: int, *, total: int | None) -> None:
        pass

    @property
    def text(self) -> str:
        """All notes."""
        return "\n".join(self.notes)


class Tree:
    """A small tree: a program, a link to it, a text, an empty folder. Each making of it is written down in `log`."""

    name = "tree"
    title = "a tree"

    def __init__(self, log: Path, *, version: str = "v1", seconds: float = 0.0) -> None:
        self.version, self._log, self._seconds = version, log, seconds
        self.room: Sequence[Need] = ()

    @property
    def key(self) -> str:
        return checksum("tree", self.version)

    def needs(self) -> Sequence[Need]:
        return self.room

    def check(self) -> None:
        pass

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        (into / "bin").mkdir()
        (into / "bin" / "program").write_bytes(bytes(100_000))
        (into / "bin" / "program").chmod(0o755)
        (into / "bin" / "also").symlink_to("program")
        (into / "text").write_text("hello")
        (into / "empty").mkdir()
        with self._log.open("a") as log:
            log.write("made\n")
        # Stands for a compiler at work.
        threading.Event().wait(self._seconds)
        return {"tree": "grown"}

    @property
    def times_made(self) -> int:
        """How often it was begun."""
        return self._log.read_text().count("made") if self._log.exists() else 0


if __name__ == "__main__":
    # As a process of its own: cache, log, seconds that the making takes.
    Cache(Path(sys.argv[1])).obtain([Tree(Path(sys.argv[2]), seconds=float(sys.argv[3]))], report=Notes())
