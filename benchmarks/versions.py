"""The founding story on every version, as a user runs it; what another version costs, and what another node."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.curve import Curve
from benchmarks.labs import new_lab
from benchmarks.measure import Figure, keep
from calicolab.calico.versions import INCIDENT, known
from calicolab.command import run_status
from calicolab.evidence.store import read_results

ROOT = Path(__file__).parents[1]
VERSIONS = (1, 2, 4, 8, 10)
NODES = (3, 5, 10, 20)
#: Seconds for the story on all versions, after the builds, on two cores.
GOAL = 240.0
TIMEOUT = 7200.0


def main() -> None:
    """Measure, print the curves and keep them; with `--runs`, the whole several times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="how often each point is measured (default: 1)")
    runs = parser.parse_args().runs
    cores = len(os.sched_getaffinity(0))
    figures, curves = [], []
    # As many labs as cores stand side by side: fewer versions than that take no longer than one.
    for curve, points, cost, goal in (
        (Curve(f"the founding story on {cores} cores", "versions", "s"), VERSIONS, story, GOAL),
        (Curve(f"nothing to full mesh, {INCIDENT}", "nodes", "s"), NODES, bring_up, None),
    ):
        for count in points:
            last = count == points[-1]
            figure = Figure(f"{curve.name}, {count} {curve.x}", "s", goal=goal if last else None)
            for _ in range(runs):
                figure.add(cost(count))
            curve.add(count, figure.median)
            figures.append(figure)
            print(figure, flush=True)
        line = curve.fit()
        for what, value in (("one more", line.slope), ("furthest from a straight line", line.residual)):
            figures.append(Figure(f"{curve.name}, {what}", "s", samples=[round(value, 3)]))
        curves.append(curve)
    keep("versions", figures)
    for curve in curves:
        print(curve)


def story(count: int) -> float:
    """Seconds of the founding story on `count` of the versions, all of which must pass."""
    chosen = spread(known(), count)
    with tempfile.TemporaryDirectory(prefix="calicolab-versions-") as reports:
        argv = [sys.executable, "-m", "pytest", "-q", "suites/founding", f"--reports={reports}"]
        argv += [f"--calico={version}" for version in chosen]
        began = time.monotonic()
        done = run_status(argv, timeout=TIMEOUT, cwd=ROOT)
        seconds = time.monotonic() - began
        results = read_results(Path(reports) / "latest")
    if not done.succeeded or results.verdict != "pass" or {lab.calico for lab in results.labs} != set(chosen):
        raise SystemExit(f"the story did not pass on {', '.join(chosen)}: {done.stdout[-2000:]}")
    return seconds


def bring_up(nodes: int) -> float:
    """Seconds from nothing to a full mesh of so many nodes."""
    lab = new_lab(INCIDENT, nodes=nodes)
    began = time.monotonic()
    with lab:
        return time.monotonic() - began


def spread(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """`count` of `names`, evenly spread from the first to the last; the middle one alone."""
    if count == 1:
        return (names[len(names) // 2],)
    return tuple(names[round(index * (len(names) - 1) / (count - 1))] for index in range(count))


if __name__ == "__main__":
    main()
