"""A testinfra backend for a machine of the namespace lab, so that facts read as on any other host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testinfra.backend.base import BaseBackend
from testinfra.backend.base import CommandResult as HostResult
from testinfra.host import Host

if TYPE_CHECKING:
    from calicolab.labs.netns.machine import Machine

#: Seconds for one of testinfra's commands.
TIMEOUT = 30.0


class MachineBackend(BaseBackend):  # type: ignore[misc] # testinfra publishes no types
    """Runs testinfra's commands on a machine of the lab."""

    NAME = "calicolab"

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.name)
        self._machine = machine

    def run(self, command: str, *args: str, **_: Any) -> HostResult:
        """Run a command as testinfra gives it: a shell's line with its arguments quoted."""
        line = self.get_command(command, *args)
        done = self._machine.run_status(["/bin/sh", "-c", line], timeout=TIMEOUT)
        return self.result(done.returncode, self.encode(line), done.stdout, done.stderr)


def host(machine: Machine) -> Host:
    """The machine as a testinfra host."""
    return Host(MachineBackend(machine))
