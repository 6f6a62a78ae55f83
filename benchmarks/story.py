"""The founding story as a user runs it, in a process of its own: its wall time, and the harness's share of that."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.labs import VERSIONS
from benchmarks.measure import Figure, keep
from calicolab.command import run_status
from calicolab.evidence.store import read_results

RUNS = 3
ROOT = Path(__file__).parents[1]


def main() -> None:
    figures = []
    for version in VERSIONS:
        wall = Figure(f"the founding story, {version}", "s", goal=60)
        share = Figure(f"the harness's own share of it, {version}", "%", goal=10)
        for _ in range(RUNS):
            seconds, percent = one_run(version)
            wall.add(seconds)
            share.add(percent)
        figures += [wall, share]
    keep("story", figures)


def one_run(version: str) -> tuple[float, float]:
    """Seconds of one run that passed, and the harness's share in percent."""
    with tempfile.TemporaryDirectory(prefix="calicolab-story-") as reports:
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "suites/founding",
            f"--calico={version}",
            f"--reports={reports}",
        ]
        began = time.monotonic()
        done = run_status(argv, timeout=600, cwd=ROOT)
        seconds = time.monotonic() - began
        if not done.succeeded:
            raise SystemExit(f"the story did not pass: {done.stdout[-2000:]}")
        results = read_results(Path(reports) / "latest" / "results.json")
    return seconds, 100 * float(results.run.facts["harness_share"])


if __name__ == "__main__":
    main()
