"""Fifty nodes at full mesh: 2450 sessions, all verified; the time it takes and the memory of each node."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.labs import new_lab
from benchmarks.measure import Figure, keep
from calicolab.labs.netns import namespaces, ownership

NODES = 50


def main() -> None:
    up = Figure(f"nothing to full mesh, {NODES} nodes", "s")
    memory = Figure(f"memory a node, {NODES} nodes", "MB", goal=80)
    used = Figure(f"memory of the machine that the lab took, a node, {NODES} nodes", "MB")
    before = available()
    lab = new_lab("v3.23.2", nodes=NODES)
    started = time.monotonic()
    with lab:
        up.add(time.monotonic() - started)
        mesh = lab.mesh()
        if len(mesh.established_pairs) != NODES * (NODES - 1):
            raise SystemExit(f"not a full mesh: {mesh}")
        print(f"{len(mesh.established_pairs)} sessions Established")
        mine = [
            process.pid for process in ownership.marked() if process.lab == lab.marks[namespaces.LAB_MARK]
        ]
        memory.add(sum(map(proportional, mine)) / NODES / 1e6)
        used.add((before - available()) / NODES / 1e6)
    keep("fifty_nodes", [up, memory, used])


def proportional(pid: int) -> int:
    """Bytes of memory of a process, what it shares with others divided among them (PSS, proc(5))."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    line = next((line for line in rollup.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return int(line.split()[1]) * 1024


def available() -> int:
    """Bytes of memory that this machine can still give."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


if __name__ == "__main__":
    main()
