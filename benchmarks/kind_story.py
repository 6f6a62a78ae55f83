"""The same story on both kinds of lab, and how long CI takes for the incident on kind."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.labs import VERSIONS
from benchmarks.measure import Figure, keep
from calicolab import labs
from calicolab.command import run_status
from calicolab.evidence.store import read_results

ROOT = Path(__file__).parents[1]
INCIDENT = "suites/founding/test_incident.py"


def main() -> None:
    """Measure all of it; `calicolab docker up` must have been run where there is no engine."""
    keep("kind-story", _stories())


def _stories() -> list[Figure]:
    """The same story on both kinds of lab, and all that CI runs on kind."""
    version = VERSIONS[0]
    story = {kind: Figure(f"the incident's story on {kind}, {version}", "s") for kind in labs.KINDS}
    ratio = Figure("the same story, kind against netns", "times")
    for kind, figure in story.items():
        figure.add(_run(INCIDENT, kind=kind, version=version))
    ratio.add(story["kind"].median / story["netns"].median)
    whole = Figure(f"founding and connectivity (CI set) on kind, {version}", "s", goal=720)
    whole.add(_run("suites/founding", "suites/connectivity", kind="kind", version=version))
    return [*story.values(), ratio, whole]


def _run(*what: str, kind: str, version: str) -> float:
    """Seconds of a run that passed."""
    with tempfile.TemporaryDirectory(prefix="calicolab-story-") as reports:
        argv = [sys.executable, "-m", "pytest", "-q", *what, "--lab", kind, f"--calico={version}"]
        began = time.monotonic()
        done = run_status([*argv, f"--reports={reports}"], timeout=3600, cwd=ROOT)
        seconds = time.monotonic() - began
        if not done.succeeded or read_results(Path(reports) / "latest" / "results.json").verdict != "pass":
            raise SystemExit(f"{' '.join(what)} on {kind} did not pass: {done.stdout[-2000:]}")
    return seconds


if __name__ == "__main__":
    main()
