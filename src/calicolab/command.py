"""Run a program: an argument list, a time-out, and what it said."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: An error shows this many characters of the end of what a program said.
TAIL = 2000


@dataclass(frozen=True)
class CommandResult:
    """What a program said and how it ended. `seconds` is its wall time."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the program ended with 0."""
        return self.returncode == 0

    def __str__(self) -> str:
        said = _tail(self.stderr) or _tail(self.stdout) or "(it said nothing)"
        return f"`{shlex.join(self.argv)}` ended with {self.returncode}: {said}"


class CommandFailed(LabError):
    """A program that must succeed did not; `result` holds all it said."""

    def __init__(self, result: CommandResult) -> None:
        super().__init__(str(result))
        self.result = result


class CommandTimedOut(LabError):
    """A program did not end within its time-out; it was killed, and what it had started in its group too."""


def run_status(
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> CommandResult:
    """Run `argv` and return how it ended, whatever its exit code.

    It gets a process group of its own, which is killed as a whole on the time-out and on Ctrl-C: `nsenter`,
    `unshare --fork` and the like start the program that counts as a child. A program that ends but leaves
    behind a child that holds its output open counts as running.

    Args:
        argv: program and arguments; no shell is involved.
        timeout: seconds until it is killed.
        stdin: text for its standard input; nothing when None.
        env: the whole environment; ours when None.
        cwd: its working directory; ours when None.

    Raises:
        CommandTimedOut: it was still running after `timeout`.
        LabError: it could not be started.
    """
    started = time.monotonic()
    process = _start(argv, stdin=stdin, env=env, cwd=cwd)
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as expired:
        ended = _has_ended(process)
        _kill_group(process)
        why = f"ended with {process.returncode}, but left behind a child that held its output open"
        raise CommandTimedOut(
            f"`{shlex.join(argv)}` {why if ended else 'did not end'} within {timeout:g} s; it had said: "
            + (_tail(_text(expired.stderr)) or _tail(_text(expired.stdout)) or "(nothing)")
        ) from None
    except BaseException:
        _kill_group(process)
        raise
    return CommandResult(
        argv=tuple(argv),
        returncode=process.returncode,
        stdout=stdout,
        stderr=stderr,
        seconds=time.monotonic() - started,
    )


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> CommandResult:
    """Run `argv`, which must end with 0; arguments as `run_status`.

    Raises:
        CommandFailed: it ended with another code.
        CommandTimedOut: it was still running after `timeout`.
        LabError: it could not be started.
    """
    result = run_status(argv, timeout=timeout, stdin=stdin, env=env, cwd=cwd)
    if not result.succeeded:
        raise CommandFailed(result)
    return result


def _start(
    argv: Sequence[str], *, stdin: str | None, env: Mapping[str, str] | None, cwd: Path | None
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=None if env is None else dict(env),
            cwd=cwd,
            process_group=0,
        )
    except (OSError, ValueError) as error:  # ValueError: an argument with a null byte
        raise LabError(f"`{shlex.join(argv)}` could not be started: {error}") from error


def _has_ended(process: subprocess.Popen[str]) -> bool:
    """Whether the program itself has ended. It stays unreaped, so that the number of its group stays its own."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(process: subprocess.Popen[str]) -> None:
    """Kill the program and all it started in its group, and take its exit status."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):  # input that it never read
                stream.close()


def _text(said: bytes | str | None) -> str:
    """What a TimeoutExpired carries is bytes even where text was asked for."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said or ""


def _tail(said: str) -> str:
    said = said.strip()
    return said if len(said) <= TAIL else f"... {said[-TAIL:]}"
