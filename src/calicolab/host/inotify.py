"""How many more inotify instances this user may have: the limit of the kernel that nodes meet first."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")


def free_instances(most: int) -> int:
    """How many instances can be had now, counted up to `most`: they are taken and given back at once (inotify(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    taken: list[int] = []
    try:
        while len(taken) < most and (descriptor := libc.inotify_init1(os.O_CLOEXEC)) >= 0:
            taken.append(descriptor)
    finally:
        for descriptor in taken:
            os.close(descriptor)
    return len(taken)
