"""Processes of this machine: a name for one that no later one has, and the end of one."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

from calicolab.errors import LabError


def identity(pid: int) -> str:
    """A process's number and start time: no later process has both."""
    return f"{pid}:{started(pid)}"


def alive(identity: str) -> bool:
    """Whether the process of this identity runs."""
    pid, _, since = identity.partition(":")
    return pid.isdigit() and since != "" and started(int(pid)) == since


def started(pid: int) -> str:
    """When a process began, in clock ticks since boot, as proc(5) has it (stat, field 22); "" when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return stat.rpartition(")")[2].split()[19]


def end(identity: str, *, with_signal: signal.Signals = signal.SIGKILL, timeout: float) -> bool:
    """Send the process of this identity a signal and wait until it is gone.

    Args:
        identity: as `identity` made it.
        with_signal: what to send.
        timeout: seconds that it may take.

    Returns:
        Whether it is gone. One that is gone already is not looked for further.

    Raises:
        LabError: it survived SIGKILL for that long.
    """
    pid = int(identity.partition(":")[0])
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        # The number may have been given away: the descriptor holds whoever has it now.
        if not alive(identity):
            return True
        signal.pidfd_send_signal(descriptor, with_signal)
        gone = bool(select.select([descriptor], [], [], timeout)[0])
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)
    if not gone and with_signal is signal.SIGKILL:
        raise LabError(f"process {pid} did not end within {timeout:g} s of SIGKILL")
    return gone
