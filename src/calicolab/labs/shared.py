"""What every lab does alike, whatever it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from calicolab.calico import configuration
from calicolab.calico.calicoctl import Calicoctl
from calicolab.calico.mesh import Mesh
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from calicolab.evidence.timeline import Timeline
    from calicolab.faults.base import Fault
    from calicolab.faults.ledger import FaultLedger
    from calicolab.labs.base import Node

NodeType = TypeVar("NodeType", bound="Node")


class LabOfNodes(ABC, Generic[NodeType]):
    """A lab by its nodes: whoever inherits it has them in `_nodes` while it is up."""

    id: str
    timeline: Timeline
    faults: FaultLedger
    _nodes: list[NodeType]

    @abstractmethod
    def up(self) -> None:
        """Bring it up to a full mesh."""

    @abstractmethod
    def down(self) -> None:
        """Take it down and leave nothing."""

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def nodes(self) -> Sequence[NodeType]:
        """The nodes, in order of their names."""
        return tuple(self._nodes)

    def node(self, name: str) -> NodeType:
        """The node called `name`.

        Raises:
            UsageError: there is none; it names the known ones.
        """
        for node in self._nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self._nodes) or "none: the lab is not up"
        raise UsageError(f"lab {self.id} has no node {name!r}: its nodes are {known}")

    @property
    def calicoctl(self) -> Calicoctl:
        """calicoctl with the incident's configuration file, on the first node."""
        first = self._nodes[0]
        return Calicoctl(
            lambda argv, stdin: first.run_status(argv, stdin=stdin),
            config=configuration.CALICOCTL_CONFIG,
            # The cluster's version is that of the calico-node which started last.
            allow_version_mismatch=len({node.calico.version for node in self._nodes}) > 1,
        )

    def mesh(self) -> Mesh:
        """Every session of every node, asked now on BIRD's control sockets. No process is started."""
        return Mesh.read(
            [(node.name, node.address) for node in self._nodes],
            lambda name: self.node(name).calico.sessions(),
        )

    def fault(self, fault: Fault) -> AbstractContextManager[Fault]:
        """Inject `fault`, prove that it took, and heal it on the way out."""
        if fault.node:
            self.node(fault.node)
        return self.faults.injected(fault)

    def _restore_addresses(self, *, prefix_length: int) -> None:
        """Give every Node resource that holds another BGP address its node's own again."""
        calicoctl = self.calicoctl
        stored = {address.node: address.ipv4 for address in calicoctl.node_addresses()}
        for node in self._nodes:
            wanted = f"{node.address}/{prefix_length}"
            if stored.get(node.name) != wanted:
                calicoctl.patch("node", node.name, {"spec": {"bgp": {"ipv4Address": wanted}}})

    def _note(self, event: str, node: str = "", detail: str = "") -> None:
        self.timeline.add(event, lab=self.id, node=node, detail=detail)
