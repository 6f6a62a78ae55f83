"""A node's container: programs run in it, files of it, and its namespaces as they are seen from outside."""

from __future__ import annotations

import base64
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from testinfra.backend.docker import DockerBackend
from testinfra.host import Host

from calicolab.command import CommandFailed, CommandTimedOut
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testinfra.backend.base import CommandResult as HostResult

    from calicolab.command import CommandResult
    from calicolab.engine import Engine

#: What timeout(1) ends with when it had to end its program.
_TIMED_OUT = (124, 137)
#: Seconds that docker itself gets beyond a program's own time.
_DOCKER = 20.0
#: Seconds for one of testinfra's commands.
HOST_TIMEOUT = 30.0


@dataclass
class Machine:
    """The container `name` of `engine`."""

    name: str
    engine: Engine
    _process: int = 0

    def run(self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None) -> CommandResult:
        """Run a program in it; it must end with 0.

        Raises:
            CommandFailed: it ended with another code.
            CommandTimedOut: it was still running after `timeout` seconds, and was ended.
        """
        result = self.run_status(argv, timeout=timeout, stdin=stdin)
        if not result.succeeded:
            raise CommandFailed(result)
        return result

    def run_status(
        self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None
    ) -> CommandResult:
        """Run a program in it, whatever its exit code.

        Raises:
            CommandTimedOut: it was still running after `timeout` seconds, and was ended.
        """
        # docker exec leaves behind what it started when it is ended itself: the program is ended from within.
        inside = ["timeout", "--kill-after=1", f"{timeout:g}", *argv]
        interactive = ["--interactive"] if stdin is not None else []
        started = time.monotonic()
        result = self.engine.run_status(
            "exec", *interactive, self.name, *inside, timeout=timeout + _DOCKER, stdin=stdin
        )
        if result.returncode in _TIMED_OUT and time.monotonic() - started >= timeout:
            raise CommandTimedOut(f"{self.name}: {result}, as it did not end within {timeout:g} s")
        return result

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write a file, readable as `mode` says from its first byte on; its folder is made."""
        encoded = base64.b64encode(data).decode()
        self.run(["install", "-D", f"--mode={mode:o}", "/dev/null", path])
        self.run(["sh", "-c", 'base64 --decode >"$0"', path], stdin=encoded)

    @property
    def process(self) -> int:
        """Its first process, as the engine numbers it.

        Raises:
            LabError: it does not run.
        """
        if not self._process:
            self._process = self.engine.process(self.name)
        return self._process

    @property
    def root(self) -> Path:
        """Its root directory, as a path that can be opened here."""
        return Path(self.engine.proc, str(self.process), "root")

    @property
    def network(self) -> Path:
        """Its network namespace."""
        return Path(self.engine.proc, str(self.process), "ns", "net")

    @property
    def host(self) -> Host:
        """It as a testinfra host."""
        return Host(_Backend(self))


class _Backend(DockerBackend):  # type: ignore[misc] # testinfra publishes no types
    """testinfra's docker backend, on the lab's engine instead of docker's default one."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.name)
        self._engine = machine.engine

    def run_local(self, command: str, *args: str) -> HostResult:
        """Run the backend's `docker exec` line, taken apart again: no shell of ours is involved."""
        program, *arguments = shlex.split(self.quote(command, *args))
        if program != "docker":
            raise LabError(f"testinfra's docker backend asked for {program}, not for docker")
        done = self._engine.run_status(*arguments, timeout=HOST_TIMEOUT)
        result: HostResult = self.result(
            done.returncode, self.encode(command), done.stdout.encode(), done.stderr.encode()
        )
        return result
