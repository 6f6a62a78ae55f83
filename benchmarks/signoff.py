"""The sign-off page of ten runs, a version each with all suites, and that of the night that is kept in docs/night."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Figure, keep
from calicolab.command import run_status
from tests.report.signoff.examples import Reports, a_night

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 5
NIGHT = Path(__file__).parents[1] / "docs" / "night"
GOAL_S, GOAL_MB = 2.0, 2.0


def main() -> None:
    """Measure how long each page takes to make, and how large it is."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="calicolab-signoff-") as folder:
        made = a_night(Reports(Path(folder) / "reports"))
        kept = sorted(file.parent for file in NIGHT.glob("*/*/results.json"))
        for what, runs in (("ten runs", made), ("the night in docs/night", kept)):
            figures += _measured(f"the sign-off page of {what}", runs, page=Path(folder) / "signoff.html")
    keep("signoff", figures)


def _measured(what: str, runs: Sequence[Path], *, page: Path) -> list[Figure]:
    seconds = Figure(f"{what}, from the command to its end", "s", goal=GOAL_S)
    processor = Figure(f"{what}, processor time of that", "s")
    size = Figure(f"{what}, its size", "MB", goal=GOAL_MB)
    for _ in range(RUNS):
        began, used = time.monotonic(), _processor_s()
        argv = [sys.executable, "-m", "calicolab.cli", "report", *map(str, runs), "-o", str(page)]
        done = run_status(argv, timeout=120)
        seconds.add(time.monotonic() - began)
        processor.add(_processor_s() - used)
        if not done.succeeded:
            raise SystemExit(f"the page was not made: {done}")
        size.add(page.stat().st_size / 1e6)
    return [seconds, processor, size]


def _processor_s() -> float:
    """Seconds of processor time of all programs that we ran and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
