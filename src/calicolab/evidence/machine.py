"""What machine a run ran on: enough to judge its times, nothing that tells whose it is."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from calicolab.evidence.model import MachineRecord


def describe_machine() -> MachineRecord:
    """The machine we run on. What the system does not tell is "unknown" or 0."""
    return MachineRecord(
        cpu=_find(r"^model name\s*:\s*(.+)$", in_file="/proc/cpuinfo") or platform.machine() or "unknown",
        cores=len(os.sched_getaffinity(0)),
        memory_mib=int(_find(r"^MemTotal:\s*(\d+) kB", in_file="/proc/meminfo") or 0) // 1024,
        kernel=platform.release(),
        distribution=_distribution(),
        python=platform.python_version(),
    )


def _find(pattern: str, *, in_file: str) -> str | None:
    try:
        text = Path(in_file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(pattern, text, flags=re.MULTILINE)
    return found.group(1).strip() if found else None


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:
        return "unknown"
