"""The runs that a page is made of: read, without secrets, each once, and what could not be read by its reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from calicolab.errors import UsageError
from calicolab.evidence.model import Results
from calicolab.evidence.store import RESULTS, ResultsError, read_results
from calicolab.report.signoff.cleaning import clean
from calicolab.report.signoff.command_line import settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from calicolab.evidence.model import LabRecord

#: The folder in a run's folder that holds what was collected.
EVIDENCE = "evidence"


@dataclass(frozen=True)
class Run:
    """A run that could be read. `folder` is where its evidence is."""

    folder: Path
    results: Results

    @property
    def id(self) -> str:
        """The run's own id."""
        return self.results.run.id

    @cached_property
    def labs(self) -> dict[str, LabRecord]:
        """Its labs by their ids."""
        return {lab.id: lab for lab in self.results.labs}

    @cached_property
    def settings(self) -> str:
        """How its checks were asked, where it was not as usual."""
        return settings(self.results.run.command)

    @property
    def order(self) -> tuple[datetime, str]:
        """Which of two runs is the later one."""
        return self.results.run.started, self.id


@dataclass(frozen=True)
class Unread:
    """A run that could not be read: nothing is known of what it found."""

    name: str
    why: str


@dataclass(frozen=True)
class Gathered:
    """Runs, oldest first; those that could not be read; and what is to be said of how they were named."""

    runs: tuple[Run, ...]
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()


def gather(paths: Sequence[Path], *, asked_by: str) -> Gathered:
    """The runs in `paths`, folders of runs or their results.json.

    Args:
        paths: what the user named.
        asked_by: how the user named them, such as "report", for a sentence on what is wrong.

    Raises:
        UsageError: no path was given, one leads to no run, or two hold different results under one id.
    """
    if not paths:
        raise UsageError(
            f"{asked_by} was given no run: name the folder of at least one, such as reports/latest"
        )
    runs: dict[str, tuple[Path, Run]] = {}
    unread: dict[Path, Unread] = {}
    notes = []
    for path in paths:
        file = _results_file(path, asked_by=asked_by)
        try:
            run = _read(file)
        except ResultsError as error:
            unread.setdefault(file.resolve(), _unread(file, error))
            continue
        before = runs.setdefault(run.id, (path, run))
        if before[1] is run:
            continue
        if before[1].results != run.results:
            raise UsageError(
                f"{before[0]} and {path} both call themselves run {run.id} and hold different results: "
                "one of them was changed or is a copy of an earlier state; name the right one alone"
            )
        notes.append(f"Run {run.id} was named twice with the same content; it counts once.")
    ordered = sorted((run for _, run in runs.values()), key=lambda run: run.order)
    return Gathered(tuple(ordered), tuple(unread.values()), tuple(dict.fromkeys(notes)))


def _results_file(path: Path, *, asked_by: str) -> Path:
    """Where the results of the run `path` are, or should be."""
    if path.is_dir():
        inside = sorted(entry.parent.name for entry in path.glob(f"*/{RESULTS}"))
        if inside and not (path / RESULTS).exists():
            raise UsageError(
                f"{asked_by}: {path} is not a run's folder but holds some, such as {path / inside[0]}: name those"
            )
        return path / RESULTS
    if not path.exists():
        raise UsageError(f"{asked_by}: there is no {path}; name a run's folder, such as reports/latest")
    if path.suffix != ".json":
        raise UsageError(f"{asked_by}: {path} is neither a run's folder nor a {RESULTS}; name one of these")
    return path


def _read(file: Path) -> Run:
    try:
        results = read_results(file)
        cleaned = msgspec.convert(clean(msgspec.to_builtins(results)), Results)
    except RecursionError as error:
        raise ResultsError(f"{file} is nested too deep to be a {RESULTS}") from error
    return Run(folder=file.parent, results=cleaned)


def _unread(file: Path, error: ResultsError) -> Unread:
    """Its folder alone names it: where on the machine that is, is nobody's business."""
    name = file.resolve().parent.name
    return Unread(name, str(clean(str(error).replace(str(file), f"{name}/{file.name}"))))
