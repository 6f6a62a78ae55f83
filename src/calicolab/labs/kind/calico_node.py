"""calico-node on a node of the kind lab: a pod of the DaemonSet, run by the kubelet."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico import bird_paths, node_status
from calicolab.calico.bird_client import BirdClient
from calicolab.calico.node_programs import NodePrograms
from calicolab.command import CommandFailed
from calicolab.errors import LabError
from calicolab.host.network_namespace import interfaces
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from calicolab.calico.facts import Interface, NodeStatus
    from calicolab.command import CommandResult
    from calicolab.kubernetes.cluster import Cluster
    from calicolab.kubernetes.facts import PodFact
    from calicolab.labs.kind.machine import Machine

CONTAINER = "calico-node"
#: Seconds for the kubelet to end a pod, run the new one's init containers and start calico-node.
START_TIMEOUT = 90.0
#: What marks a line of a service in the log of the container, into which all of them write: Go's services put
#: "felix/" before the source file, BIRD puts its own name first.
_SERVICE_LINE = r"(\]\[\d+\] {0}/)|(^{0}: )"


@dataclass(frozen=True)
class _Running:
    """A container: its first process, as the node counts them, and the settings it was started with."""

    container: str
    process: int
    environment: Mapping[str, str]

    @classmethod
    def read(cls, container: str, inspected: str) -> Self:
        """Read what `crictl inspect` says.

        Raises:
            LabError: it says something else.
        """
        try:
            info = json.loads(inspected)["info"]
            settings = dict(one.split("=", 1) for one in info["runtimeSpec"]["process"]["env"])
            return cls(container, int(info["pid"]), settings)
        except (ValueError, KeyError, TypeError) as error:
            raise LabError(
                f"crictl inspect says nothing of {container} that is understood: {error!r}"
            ) from error


class KindCalicoNode(NodePrograms):
    """calico-node on the node `node`; `note` puts an event on the lab's time line."""

    #: The lab's own evidence has what the kubelet keeps of it.
    logs_outlive_it = False
    #: Calico's version, such as "v3.23.2".
    version: str

    def __init__(
        self,
        machine: Machine,
        *,
        node: str,
        version: str,
        kubernetes: Cluster,
        note: Callable[[str, str], None],
    ) -> None:
        self._machine, self._node = machine, node
        self.version = version
        self._kubernetes = kubernetes
        self._note = note
        self._bird = BirdClient(bird_paths.inside(machine.root, bird_paths.SOCKET))
        self._known: _Running | None = None

    @property
    def pod(self) -> PodFact:
        """Its pod, as the API server shows it now.

        Raises:
            LabError: there is none.
        """
        pod = self._kubernetes.calico_pod(self._node)
        if pod is None:
            raise LabError(f"calico-node has no pod on {self._node}")
        return pod

    def restart(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Delete the pod and wait until calico-node of its successor runs.

        Raises:
            LabError: `environment` was given, which a DaemonSet has for all nodes alike; or there is no successor.
        """
        if environment:
            raise LabError(
                "settings of one node cannot be changed on the kind lab: a DaemonSet has the same for all nodes"
            )
        self._start_kubelet()
        self._kubernetes.delete_pod(self.pod.name, timeout=START_TIMEOUT)
        self._note("calico-node-started", "its pod was deleted")

    def stop(self) -> None:
        """End calico-node and leave it ended: without a kubelet, nobody starts it again."""
        self._machine.run(["systemctl", "stop", "kubelet"], timeout=60)
        running = self._containers()
        if running:
            self._machine.run(["crictl", "stop", "--timeout=0", *running], timeout=60)
        self._note("calico-node-stopped", "with its kubelet")

    def reset(self) -> None:
        """See that it runs: a kubelet that was stopped is started, and calico-node with it."""
        if self._start_kubelet():
            self._kubernetes.delete_pod(self.pod.name, timeout=START_TIMEOUT)
            self._note("calico-node-started", "as it was made")

    def _start_kubelet(self) -> bool:
        """Start the kubelet unless it runs; whether it had to be."""
        if self._machine.run_status(["systemctl", "is-active", "kubelet"]).succeeded:
            return False
        self._machine.run(["systemctl", "start", "kubelet"], timeout=60)
        return True

    @property
    def running(self) -> bool:
        """Whether its container runs now; not waited for, although the kubelet may just be starting one."""
        return bool(self._containers())

    def _containers(self) -> list[str]:
        argv = ["crictl", "ps", "--quiet", "--state", "Running", "--name", f"^{CONTAINER}$"]
        return self._machine.run(argv).stdout.split()

    def service(self, name: str, action: str) -> None:
        """`sv action name` in the container.

        Raises:
            CommandFailed: there is no such service, or it did not do so in time.
        """
        result = self.run_status(["sv", action, name], timeout=15)
        if not result.succeeded:
            raise CommandFailed(result)
        self._note(f"service-{action}", name)

    @property
    def environment(self) -> Mapping[str, str]:
        """The container's settings, as a program in it has them."""
        return self._running().environment

    @property
    def container(self) -> str:
        """The id of its running container, by the node's container runtime.

        Raises:
            LabError: none runs.
        """
        try:
            # Between two polls of nothing the kubelet may just be starting it.
            return wait_for(self._containers, until=bool, timeout=START_TIMEOUT, interval=0.2)[0]
        except WaitTimeout as error:
            raise LabError(f"calico-node does not run on {self._node}: {error}") from error

    def run_status(self, argv: Sequence[str], *, timeout: float = 30) -> CommandResult:
        """Run a program in the container with the container's own settings, whatever its exit code."""
        # Not `crictl exec`, and not `ctr tasks exec` any more: docs/decisions/0072 and 0101.
        running = self._running()
        settings = [f"{name}={value}" for name, value in running.environment.items()]
        enter = ["nsenter", f"--target={running.process}", "--mount", "--uts", "--ipc", "--net", "--pid"]
        return self._machine.run_status(
            ["env", "-i", *settings, *enter, "--root", "--wd", "--", *argv], timeout=timeout
        )

    def _running(self) -> _Running:
        """What there is to know of the container that runs now; asked once of each."""
        container = self.container
        if self._known is None or self._known.container != container:
            said = self._machine.run(["crictl", "inspect", "--output", "json", container]).stdout
            self._known = _Running.read(container, said)
        return self._known

    def logs(self, service: str | None = None) -> str:
        """What the container has said; of one service, its lines alone: all of them write into one log here."""
        said = self._machine.run(["crictl", "logs", self.container], timeout=60)
        text = said.stdout + said.stderr
        if service is None:
            return text
        mark = re.compile(_SERVICE_LINE.format(re.escape(service)))
        return "".join(line for line in text.splitlines(keepends=True) if mark.search(line))

    def bird_history(self) -> str:
        """Nothing: upstream's manifest has BIRD's log in the container's, without its times."""
        return ""

    def close(self) -> None:
        """Close the connection to BIRD."""
        self._bird.close()

    def status(self) -> NodeStatus:
        """What `calicoctl node status` says: run on the node, whose processes it looks through."""
        return node_status.parse(self._machine.run_status(["calicoctl", "node", "status"]))

    def interfaces(self) -> tuple[Interface, ...]:
        """The node's interfaces, by index."""
        return interfaces(self._machine.network)
