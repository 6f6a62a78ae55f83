"""calico-node on a machine of the namespace lab."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab import command
from calicolab.calico import bird_paths, node_status
from calicolab.calico.bird_client import BirdClient
from calicolab.calico.bird_log import BirdLog
from calicolab.calico.node_programs import NodePrograms
from calicolab.host.network_namespace import interfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calicolab.calico.facts import Interface, NodeStatus
    from calicolab.labs.netns.container import Container

LOGS = "/var/log/calico"


class NetnsCalicoNode(NodePrograms):
    """The calico-node container of one machine; `note` puts an event on the lab's time line."""

    logs_outlive_it = True
    #: Calico's version, such as "v3.23.2".
    version: str

    def __init__(self, container: Container, *, version: str, note: Callable[[str, str], None]) -> None:
        self.container = container
        self.version = version
        self._as_made = dict(container.environment)
        self._machine = container.machine
        self._note = note
        root = Path(self._machine.init.root)
        self._log = BirdLog(bird_paths.inside(root, bird_paths.LOG))
        self._bird = BirdClient(bird_paths.inside(root, bird_paths.SOCKET), log=self._log)

    def restart(self, *, environment: Mapping[str, str] | None = None) -> None:
        """End the container and start a fresh one; `environment` changes its settings from now on."""
        self.stop()
        self.container.environment.update(environment or {})
        self.container.start()
        self._note(
            "calico-node-started", " ".join(f"{name}={value}" for name, value in (environment or {}).items())
        )

    def start_from(self, layers: tuple[Path, ...], *, version: str) -> None:
        """Start the container from the image of another version, with its settings; it was stopped before."""
        self.container.image = replace(self.container.image, layers=layers)
        self.version = version
        self.container.start()
        self._note("calico-node-started", version)

    def stop(self) -> None:
        """End the container and leave it ended."""
        self.container.kill()
        # A machine keeps the socket of a BIRD that was killed; the next BIRD replaces it.
        self._note("calico-node-stopped", "")

    def reset(self) -> None:
        """Give it the settings it was made with; a container that has others, or does not run, is started afresh."""
        if not self.running or self.container.environment != self._as_made:
            self.stop()
            self.container.environment = dict(self._as_made)
            self.container.start()
            self._note("calico-node-started", "as it was made")

    @property
    def running(self) -> bool:
        """Whether the container runs now."""
        init = self.container.init
        return init is not None and init.alive()

    def service(self, name: str, action: str) -> None:
        """`sv action name` in the container.

        Raises:
            CommandFailed: there is no such service, or it did not do so in time.
        """
        command.run(self.container.inside(["sv", action, name]), timeout=15)
        self._note(f"service-{action}", name)

    @property
    def environment(self) -> Mapping[str, str]:
        """The container's settings."""
        return dict(self.container.environment)

    def run_status(self, argv: Sequence[str], *, timeout: float = 30) -> command.CommandResult:
        """Run a program in the container, whatever its exit code."""
        return command.run_status(self.container.inside(argv), timeout=timeout)

    def logs(self, service: str | None = None) -> str:
        """The log of one service (svlogd puts the UTC time before each line), or of the container itself when None."""
        if service is None:
            return self._machine.read(f"/var/log/container-{self.container.name}.log")
        return self._machine.read(f"{LOGS}/{service}/current")

    def bird_history(self) -> str:
        """BIRD's log with the times of its lines, those of earlier containers too."""
        # svlogd begins a new file after a kill, and names the old ones by when they end (TAI64N): that is their order.
        old = sorted(path for path in self._log.path.parent.glob("@*") if path.suffix in (".s", ".u"))
        return "".join(path.read_text(errors="replace") for path in (*old, self._log.path) if path.exists())

    def close(self) -> None:
        """Close the connection to BIRD and its log."""
        self._bird.close()
        self._log.close()

    def status(self) -> NodeStatus:
        """What `calicoctl node status` says: run on the machine, whose processes it looks through."""
        return node_status.parse(self._machine.run_status(["calicoctl", "node", "status"]))

    def interfaces(self) -> tuple[Interface, ...]:
        """The machine's interfaces, by index."""
        return interfaces(self._machine.init.network)
