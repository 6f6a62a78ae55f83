"""A Docker engine as the harness uses it: its client, its processes and its network."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab import command
from calicolab.errors import LabError
from calicolab.host import network_namespace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.command import CommandResult

#: Seconds for a client's command that moves no data.
TIMEOUT = 60.0
#: Of the user's, what would have the client ask another engine than the one that was found.
_ELSEWHERE = ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION")


@dataclass(frozen=True)
class Engine:
    """A Docker engine on this machine that starts privileged containers.

    Attributes:
        docker: the client program.
        host: where the engine listens, as DOCKER_HOST has it: unix:///run/...
        private: whether it is ours, in namespaces of its own.
        proc: a /proc in which its processes are found by the numbers that the engine gives.
        network: the file of its network namespace.
        settings: environment that programs in its network namespace need beside ours, such as for its iptables.
    """

    docker: Path
    host: str
    private: bool
    proc: Path
    network: Path
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def environment(self) -> dict[str, str]:
        """Our environment, with which docker, kind and the like use this engine."""
        ours = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        path = f"{self.docker.parent}:{ours.get('PATH', os.defpath)}"
        return {**ours, "DOCKER_HOST": self.host, "PATH": path}

    def run(self, *arguments: str, timeout: float = TIMEOUT, stdin: str | None = None) -> CommandResult:
        """Run `docker` with `arguments`, which must succeed.

        Args:
            arguments: such as "ps", "--all".
            timeout: seconds until it is killed.
            stdin: text for its standard input.

        Raises:
            LabError: it failed, or took too long.
        """
        argv = [str(self.docker), *arguments]
        return command.run(argv, timeout=timeout, stdin=stdin, env=self.environment())

    def run_status(
        self, *arguments: str, timeout: float = TIMEOUT, stdin: str | None = None
    ) -> CommandResult:
        """Run `docker` with `arguments` and return how it ended; arguments as `run`.

        Raises:
            LabError: it took too long.
        """
        argv = [str(self.docker), *arguments]
        return command.run_status(argv, timeout=timeout, stdin=stdin, env=self.environment())

    def connect(self, address: str, port: int, *, timeout: float) -> socket.socket:
        """A TCP connection from the engine's network namespace, as to a container.

        Args:
            address: an IPv4 address.
            port: of TCP.
            timeout: seconds, to connect and then for each operation on the socket.

        Raises:
            OSError: nobody answers.
        """
        with network_namespace.entered(self.network):
            return socket.create_connection((address, port), timeout=timeout)

    def network_argv(self, argv: Sequence[str]) -> list[str]:
        """The argument list that runs `argv`, such as iptables or ip, in the engine's network namespace."""
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        inside = ["env", *settings, *argv] if settings else list(argv)
        return ["nsenter", f"--net={self.network}", "--", *inside] if self.private else inside

    def process(self, container: str) -> int:
        """The number of a container's first process, as `proc` has it.

        Raises:
            LabError: there is no such container, or it does not run.
        """
        said = self.run("inspect", "--type=container", "--format={{.State.Pid}}", container).stdout.strip()
        if said == "0":
            raise LabError(f"container {container} does not run")
        return int(said)
