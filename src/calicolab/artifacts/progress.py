"""What is being built, how far it is, and how long it took."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichBars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from rich.progress import TaskID


class Step(Protocol):
    """One thing that is being made."""

    def stage(self, text: str) -> None:
        """Say what is going on now, such as "downloading modules"; the bar starts again."""

    def advance(self, done: int, *, total: int | None) -> None:
        """Say how much of this stage is done, in whatever unit it counts, and of how much, where that is known."""


class Progress(Protocol):
    """Where a build reports to."""

    def note(self, text: str) -> None:
        """Say something that is worth a line of its own, such as that a damaged entry is rebuilt."""

    def step(self, title: str) -> AbstractContextManager[Step]:
        """Report the making of `title`; on the way out its duration is said."""


class Plain:
    """Progress in lines, for a log file or a pipe: the start, each stage, and the end with its duration."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def note(self, text: str) -> None:
        """Print `text`."""
        # Asked for at each line: pytest replaces sys.stderr for every test.
        print(text, file=self._stream or sys.stderr, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Print when it starts, when it ends, and how."""
        self.note(f"{title}: started")
        with _timed(self, title):
            yield _PlainStep(self, title)


class _PlainStep:
    def __init__(self, progress: Plain, title: str) -> None:
        self._progress, self._title = progress, title

    def stage(self, text: str) -> None:
        self._progress.note(f"{self._title}: {text}")

    def advance(self, done: int, *, total: int | None) -> None:
        """A log needs no bar."""


class Bars:
    """Progress bars on a terminal; what is finished stays as a line above them."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        """Print `text` above the bars."""
        self._console.print(text, highlight=False, markup=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a bar for as long as it takes."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[count]}", markup=False),
            TimeElapsedColumn(),
        )
        with _timed(self, title), RichBars(*columns, console=self._console, transient=True) as bars:
            yield _Bar(bars, task=bars.add_task(title, total=None, count=""), title=title)


class _Bar:
    def __init__(self, bars: RichBars, *, task: TaskID, title: str) -> None:
        self._bars, self._task, self._title = bars, task, title

    def stage(self, text: str) -> None:
        self._bars.update(
            self._task, description=f"{self._title}: {text}", total=None, completed=0, count="", refresh=True
        )

    def advance(self, done: int, *, total: int | None) -> None:
        count = f"{done}" if total is None else f"{done}/{total}"
        self._bars.update(self._task, completed=done, total=total, count=count)


@contextmanager
def _timed(progress: Progress, title: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    except BaseException:
        progress.note(f"{title}: given up after {time.monotonic() - started:.1f} s")
        raise
    progress.note(f"{title}: built in {time.monotonic() - started:.1f} s")


def for_terminal() -> Progress:
    """Bars when standard error is a terminal, lines otherwise."""
    console = Console(stderr=True)
    return Bars(console) if console.is_terminal else Plain()
