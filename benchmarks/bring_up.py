"""From nothing to a full mesh with three nodes and three TLS etcd members, reading it, and down again."""

from __future__ import annotations

import time

from benchmarks.labs import VERSIONS, new_lab
from benchmarks.measure import Figure, keep

RUNS = 10
READINGS = 50


def main() -> None:
    figures = []
    for version in VERSIONS:
        up = Figure(f"nothing to full mesh, {version}", "s", goal=6)
        down = Figure(f"down, {version}", "s", goal=1)
        read = Figure(f"reading a 3 x 3 mesh, {version}", "ms", goal=5)
        for _ in range(RUNS):
            lab = new_lab(version)
            started = time.monotonic()
            lab.up()
            up.add(time.monotonic() - started)
            for _ in range(READINGS):
                started = time.monotonic()
                lab.mesh()
                read.add((time.monotonic() - started) * 1000)
            started = time.monotonic()
            lab.down()
            down.add(time.monotonic() - started)
        figures += [up, down, read]
    keep("bring_up", figures)


if __name__ == "__main__":
    main()
