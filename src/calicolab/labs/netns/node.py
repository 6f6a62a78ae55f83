"""A node of the namespace lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.labs.netns import backend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testinfra.host import Host

    from calicolab.command import CommandResult
    from calicolab.labs.netns.calico_node import NetnsCalicoNode
    from calicolab.labs.netns.machine import Machine


@dataclass
class NetnsNode:
    """A machine that runs calico-node; `address` is the one it should use for BGP."""

    name: str
    address: str
    machine: Machine
    calico: NetnsCalicoNode

    @property
    def host(self) -> Host:
        """The machine as a testinfra host."""
        return backend.host(self.machine)

    def run(self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None) -> CommandResult:
        """Run a program on the machine; it must end with 0."""
        return self.machine.run(argv, timeout=timeout, stdin=stdin)

    def run_status(
        self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None
    ) -> CommandResult:
        """Run a program on the machine, whatever its exit code."""
        return self.machine.run_status(argv, timeout=timeout, stdin=stdin)

    def apart(self, argv: Sequence[str]) -> list[str]:
        """The argument list that runs a program on the machine, for who leaves it running and reads what it says."""
        return self.machine.init.inside(argv, environment=self.machine.marks)

    def terminal(self, argv: Sequence[str], *, in_calico: bool = False) -> list[str]:
        """The argument list that runs a program with this terminal, on the machine or in its calico-node."""
        if in_calico:
            return self.calico.container.inside(argv)
        return self.machine.init.inside(argv, environment={**self.machine.marks, "TERM": "xterm"})
