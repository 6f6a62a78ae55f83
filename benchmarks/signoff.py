"""The sign-off page of ten runs, a version each with all suites: how long it takes to make, and how large it is."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure, keep
from calicolab.command import run_status
from tests.report.signoff.examples import Reports, a_night

RUNS = 5
GOAL_S, GOAL_MB = 2.0, 2.0


def main() -> None:
    seconds = Figure("the sign-off page of ten runs, from the command to its end", "s", goal=GOAL_S)
    processor = Figure("processor time of that", "s")
    size = Figure("its size", "MB", goal=GOAL_MB)
    with tempfile.TemporaryDirectory(prefix="calicolab-signoff-") as folder:
        runs = a_night(Reports(Path(folder) / "reports"))
        page = Path(folder) / "signoff.html"
        for _ in range(RUNS):
            began, used = time.monotonic(), _processor_s()
            argv = [sys.executable, "-m", "calicolab.cli", "report", *map(str, runs), "-o", str(page)]
            done = run_status(argv, timeout=120)
            seconds.add(time.monotonic() - began)
            processor.add(_processor_s() - used)
            if not done.succeeded:
                raise SystemExit(f"the page was not made: {done}")
            size.add(page.stat().st_size / 1e6)
    keep("signoff", [seconds, processor, size])


def _processor_s() -> float:
    """Seconds of processor time of all programs that we ran and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
