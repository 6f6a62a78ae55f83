"""Run a program: an argument list, a time-out, and what it said."""

from __future__ import annotations

import shlex
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
        said = (self.stderr.strip() or self.stdout.strip())[-2000:]
        return f"`{shlex.join(self.argv)}` ended with {self.returncode}: {said or '(it said nothing)'}"


class CommandFailed(LabError):
    """A program that must succeed did not; `result` holds all it said."""

    def __init__(self, result: CommandResult) -> None:
        super().__init__(str(result))
        self.result = result


class CommandTimedOut(LabError):
    """A program did not end within its time-out and was killed."""


def run_status(
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> CommandResult:
    """Run `argv` and return how it ended, whatever its exit code.

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
    try:
        done = subprocess.run(
            list(argv),
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=None if env is None else dict(env),
            cwd=cwd,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise CommandTimedOut(f"`{shlex.join(argv)}` did not end within {timeout:g} s") from expired
    except OSError as error:
        raise LabError(f"`{shlex.join(argv)}` could not be started: {error}") from error
    return CommandResult(
        argv=tuple(argv),
        returncode=done.returncode,
        stdout=done.stdout,
        stderr=done.stderr,
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
    """
    result = run_status(argv, timeout=timeout, stdin=stdin, env=env, cwd=cwd)
    if not result.succeeded:
        raise CommandFailed(result)
    return result
