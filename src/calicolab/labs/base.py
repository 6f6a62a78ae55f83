"""What every lab offers, whatever it runs on: the Lab and Node protocols.

Suites know only these. A lab on network namespaces, on kind or on a cluster you already have is one implementation
each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from testinfra.host import Host

    from calicolab.calico.calicoctl import Calicoctl
    from calicolab.calico.facts import Interface, NodeStatus, Readiness, Session
    from calicolab.calico.mesh import Mesh
    from calicolab.calico.upgrade import Upgraded
    from calicolab.command import CommandResult
    from calicolab.connectivity.e2e import Programs
    from calicolab.connectivity.pods import Pod
    from calicolab.evidence.model import LabRecord
    from calicolab.evidence.timeline import Timeline
    from calicolab.faults.base import Fault
    from calicolab.faults.ledger import FaultLedger
    from calicolab.kubernetes.cluster import Cluster


class CalicoNode(Protocol):
    """calico-node on one node."""

    #: Whether `logs` tells what a container said that has ended since.
    logs_outlive_it: bool

    @property
    def version(self) -> str:
        """The version that it was made of, such as "v3.23.2": the lab's, until it is upgraded."""

    def running_version(self) -> str:
        """The version that the program in its container says it is."""

    def restart(self, *, environment: Mapping[str, str] | None = None) -> None:
        """End the container and start a fresh one, as deleting the pod does.

        Args:
            environment: settings to add to or change in the container's environment from now on.
        """

    def stop(self) -> None:
        """End the container and leave it ended."""

    @property
    def running(self) -> bool:
        """Whether its container runs now."""

    def service(self, name: str, action: str) -> None:
        """`sv action name` in the container: "down", "up", "hup", for bird, confd, felix, monitor-addresses."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The container's settings."""

    def logs(self, service: str | None = None) -> str:
        """The whole log of one service, or of the container's own start when None."""

    def bird_history(self) -> str:
        """BIRD's log with the times of its lines, those of earlier containers too; "" where a lab has no such log."""

    def readiness(self) -> Readiness:
        """What the readiness probe answers now, run as the kubelet runs it."""

    def bird_readiness(self) -> Readiness:
        """The probe's BIRD half alone (`calico-node -bird-ready`)."""

    def felix_readiness(self, *, threshold: float | None = None) -> Readiness:
        """The probe's Felix half alone; it waits `threshold` seconds for a Felix that hangs, 30 when None."""

    def sessions(self) -> tuple[Session, ...]:
        """BIRD's BGP sessions, asked on its control socket. No process is started."""

    def routes(self) -> Sequence[str]:
        """BIRD's routes (`show route`), a line each."""

    def status(self) -> NodeStatus:
        """What `calicoctl node status` says."""

    def interfaces(self) -> tuple[Interface, ...]:
        """The node's interfaces, by index."""

    def run_status(self, argv: Sequence[str], *, timeout: float = 30) -> CommandResult:
        """Run a program in the container, whatever its exit code."""


class Node(Protocol):
    """A machine of the cluster."""

    name: str
    #: The address it should use for BGP, without a prefix length.
    address: str

    @property
    def host(self) -> Host:
        """The machine as a testinfra host."""

    @property
    def calico(self) -> CalicoNode:
        """calico-node on it."""

    def run(self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None) -> CommandResult:
        """Run a program on the machine; it must end with 0."""

    def run_status(
        self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None
    ) -> CommandResult:
        """Run a program on the machine, whatever its exit code."""

    def apart(self, argv: Sequence[str]) -> list[str]:
        """The argument list that runs a program on the machine, for who leaves it running and reads what it says."""

    def terminal(self, argv: Sequence[str], *, in_calico: bool = False) -> list[str]:
        """The argument list that runs a program with this terminal, on the machine or in its calico-node."""


class Etcd(Protocol):
    """The cluster's datastore."""

    @property
    def endpoints(self) -> str:
        """The client URLs of all members, joined by commas."""

    def health(self, *, with_certificate: bool = True) -> CommandResult:
        """What `etcdctl endpoint health` says of every member; it succeeds when all are healthy.

        Args:
            with_certificate: whether it shows Calico's own client certificate, or none.
        """

    def etcdctl(self, argv: Sequence[str], *, with_certificate: bool = True) -> CommandResult:
        """How etcdctl ended with these arguments, beside those that say where etcd is and who asks."""


class Lab(Protocol):
    """A cluster that can be stood up, broken, cured and taken down."""

    #: Such as "netns-v3.23.2"; part of every test id.
    id: str
    kind: str
    #: The version that it was made with; a node's own, upgraded or not, is `node.calico.version`.
    calico_version: str
    timeline: Timeline
    #: The faults that are in it.
    faults: FaultLedger
    #: What it cannot do that others can, and why; shown in the report.
    cannot: Mapping[str, str]

    @property
    def kubernetes(self) -> Cluster:
        """Kubernetes' own view of it; a UsageError on a lab without Kubernetes."""

    @property
    def e2e(self) -> Programs:
        """Kubernetes' own tests, of the cluster's version; a UsageError on a lab without Kubernetes."""

    @property
    def pod_image(self) -> str:
        """The image of the test pods, which every node has; a UsageError on a lab without Kubernetes."""

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes, in order of their names."""

    def node(self, name: str) -> Node:
        """The node called `name`; a UsageError names the known ones when there is none."""

    @property
    def etcd(self) -> Etcd:
        """The datastore."""

    @property
    def calicoctl(self) -> Calicoctl:
        """calicoctl with the incident's configuration file, on the first node."""

    @property
    def pods(self) -> Sequence[Pod]:
        """The test pods, one a node at least; made when first asked for."""

    def up(self) -> None:
        """Bring it up to a full mesh."""

    def down(self) -> None:
        """Take it down and leave nothing."""

    def leave(self) -> None:
        """Let go of a lab that stands by itself, and leave it up."""

    def mesh(self) -> Mesh:
        """Every session of every node, asked now."""

    def describe(self) -> LabRecord:
        """What it is made of, for the report."""

    def evidence(self) -> Mapping[str, Callable[[], str]]:
        """What a failure is looked into with beside each node's own state: a file's name, and what gathers it."""

    def heal(self) -> None:
        """Undo every fault that is left and prove a full mesh; a LabError when that cannot be done.

        It cannot in a lab that was upgraded, there and back as well: another version has written into its etcd.
        """

    def fetch(self, version: str) -> None:
        """Have the programs or images of another version at hand, so that an upgrade to it begins at once.

        Raises:
            UsageError: there is no such version.
            ArtifactError: they could not be had.
        """

    def upgrade(self, version: str, *, node: str | None = None) -> Upgraded:
        """Go to another version of Calico, later or earlier, with the same etcd.

        Node by node as a DaemonSet's rollout does it: the next node's turn comes when the last one is ready, and when
        that does not become ready, the rollout stops. Called again it goes on: nodes that have the version are left
        alone.

        Args:
            version: such as "v3.25.0".
            node: this node alone.

        Raises:
            UsageError: there is no such version or node.
            ArtifactError: its programs could not be had.
            LabError: a calico-node could not be replaced.
        """

    def fault(self, fault: Fault) -> AbstractContextManager[Fault]:
        """Inject `fault`, prove that it took, and heal it on the way out."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
