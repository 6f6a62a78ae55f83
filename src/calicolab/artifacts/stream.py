"""Run a long program and hear what it says while it runs."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from collections import deque
from typing import TYPE_CHECKING

from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

#: How many of the last lines a failed program's error quotes.
QUOTED_LINES = 25


class ProgramFailed(ArtifactError):
    """A program of the build failed; `said` holds its last lines."""

    def __init__(self, message: str, *, said: str) -> None:
        super().__init__(message)
        self.said = said


def follow(
    argv: Sequence[str],
    *,
    timeout: float,
    on_line: Callable[[str], None] = lambda _line: None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run `argv`, which must end with 0, and hand over each line of its output (both streams) as it comes.

    It ends with us, however we end: it is a process group of its own that is killed when we leave early, and the
    kernel kills it when we are killed ourselves (setpriv of util-linux, PR_SET_PDEATHSIG).

    Args:
        argv: program and arguments; no shell is involved.
        timeout: seconds until it is killed.
        on_line: called with each line, without its end.
        env: the whole environment; ours when None.
        cwd: its working directory; ours when None.

    Raises:
        ProgramFailed: it ended with another code, or did not end in time.
        ArtifactError: it could not be started.
    """
    last: deque[str] = deque(maxlen=QUOTED_LINES)
    try:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ArtifactError(f"`{shlex.join(argv)}` could not be started: {error}") from error
    late = threading.Event()

    def stop_late() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(timeout, stop_late)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdout is not None  # noqa: S101 - for the type checker: it was asked for above
        for line in process.stdout:
            last.append(line.rstrip("\n"))
            on_line(last[-1])
        process.wait()
    finally:
        timer.cancel()
        _kill(process)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    said = "\n".join(last)
    if late.is_set():
        raise ProgramFailed(
            f"`{shlex.join(argv[:6])}` did not end within {timeout:g} s; it said:\n{said}", said=said
        )
    if process.returncode != 0:
        raise ProgramFailed(
            f"`{shlex.join(argv[:6])}` ended with {process.returncode}; it said:\n{said}", said=said
        )


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the whole group. Only while its leader is not reaped: until then its number is nobody else's."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
