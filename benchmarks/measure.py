"""Figures: several samples of one thing, their median and spread, and the file that keeps them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from calicolab import __version__
from calicolab.evidence.machine import describe_machine
from calicolab.evidence.model import MachineRecord

RESULTS = Path(__file__).with_name("results")


@dataclass
class Figure:
    """Samples of one thing. `goal` is what the project has set itself; None where it set nothing."""

    name: str
    unit: str
    goal: float | None = None
    samples: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        """Add a sample."""
        self.samples.append(round(value, 4))

    @property
    def median(self) -> float:
        """The middle of the samples."""
        return statistics.median(self.samples)

    def __str__(self) -> str:
        spread = f"{min(self.samples):g} to {max(self.samples):g}, {len(self.samples)} runs"
        if self.goal is None:
            return f"{self.name}: {self.median:g} {self.unit} (median; {spread})"
        verdict = "met" if self.median <= self.goal else "MISSED"
        return f"{self.name}: {self.median:g} {self.unit} (median; {spread}); goal {self.goal:g}: {verdict}"


class _Row(msgspec.Struct, frozen=True):
    name: str
    unit: str
    goal: float | None
    median: float
    least: float
    most: float
    samples: list[float]


class _File(msgspec.Struct, frozen=True):
    benchmark: str
    measured: datetime
    harness: str
    machine: MachineRecord
    figures: list[_Row]


def keep(benchmark: str, figures: list[Figure]) -> Path:
    """Print `figures`, write them beside the machine's description, and return the file."""
    for figure in figures:
        print(figure, flush=True)
    rows = [
        _Row(
            name=figure.name,
            unit=figure.unit,
            goal=figure.goal,
            median=figure.median,
            least=min(figure.samples),
            most=max(figure.samples),
            samples=figure.samples,
        )
        for figure in figures
    ]
    content = _File(
        benchmark=benchmark,
        measured=datetime.now(UTC).replace(microsecond=0),
        harness=__version__,
        machine=describe_machine(),
        figures=rows,
    )
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{benchmark}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    return file
