"""A node of the kind lab."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testinfra.host import Host

    from calicolab.command import CommandResult
    from calicolab.labs.kind.calico_node import KindCalicoNode
    from calicolab.labs.kind.machine import Machine


@dataclass
class KindNode:
    """A node of the cluster; `address` is the one that calico-node on it should use for BGP."""

    name: str
    address: str
    machine: Machine
    calico: KindCalicoNode

    @property
    def host(self) -> Host:
        """The node as a testinfra host."""
        return self.machine.host

    def run(self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None) -> CommandResult:
        """Run a program on the node; it must end with 0."""
        return self.machine.run(argv, timeout=timeout, stdin=stdin)

    def run_status(
        self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None
    ) -> CommandResult:
        """Run a program on the node, whatever its exit code."""
        return self.machine.run_status(argv, timeout=timeout, stdin=stdin)

    def apart(self, argv: Sequence[str]) -> list[str]:
        """The argument list that runs a program on the node, for who leaves it running and reads what it says."""
        engine = self.machine.engine
        return [str(engine.docker), "--host", engine.host, "exec", self.machine.name, *argv]

    def terminal(self, argv: Sequence[str], *, in_calico: bool = False) -> list[str]:
        """The argument list that runs a program with this terminal, on the node or in its calico-node."""
        interactive = "--interactive=true" if not sys.stdin.isatty() else "--tty=true"
        engine = self.machine.engine
        docker = [str(engine.docker), "--host", engine.host, "exec", "--interactive", interactive]
        inside = (
            ["crictl", "exec", "--interactive", self.calico.container, *argv] if in_calico else list(argv)
        )
        return [*docker, self.machine.name, *inside]
