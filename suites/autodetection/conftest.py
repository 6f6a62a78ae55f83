"""What the stories of autodetection have in common: the node that is hit, and how it is put right again."""

from __future__ import annotations

import ipaddress
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from calicolab.errors import LabError
from calicolab.evidence.signoff import AutodetectionFact, Choice
from calicolab.faults.afterwards import afterwards
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from calicolab.calico.address_choice import Start
    from calicolab.calico.autodetection import Decision
    from calicolab.calico.mesh import Mesh
    from calicolab.evidence.signoff import AddressOutcome
    from calicolab.labs.base import Lab, Node
    from suites.autodetection.conflicts import Conflict, Taken


@dataclass(frozen=True)
class Hit:
    """The node that is hit, and one of those that are not."""

    lab: Lab
    node: Node
    peer: Node
    #: With its prefix length, as the node's Node resource should hold it.
    right: str

    @classmethod
    def on_node(cls, lab: Lab, node: Node) -> Self:
        """A node with what is stored for it now, while all is well."""
        stored = {address.node: address.ipv4 or "" for address in lab.calicoctl.node_addresses()}
        return cls(lab=lab, node=node, peer=lab.node("node01"), right=stored[node.name])

    @contextmanager
    def by(self, conflict: Conflict) -> Iterator[Taken]:
        """Have `conflict` on the node; on the way out it is gone, and the node's own address is stored."""
        fault = conflict.make(self.node.name, self.right)
        otherwise = f"and the address of {self.node.name} was not put right"
        with afterwards(self.put_right, otherwise=otherwise), self.lab.fault(fault):
            yield fault

    def put_right(self) -> None:
        """See that the node's own address is stored.

        Raises:
            LabError: it is not.
        """
        if self.stored() != self.right:
            self.store(self.right)
            try:
                wait_for(self.stored, until=lambda stored: stored == self.right, timeout=10, interval=0.1)
            except WaitTimeout as error:
                raise LabError(f"the address of {self.node.name} was not put right: {error}") from error

    def stored(self) -> str | None:
        """The address that is stored for it."""
        return next(one.ipv4 for one in self.lab.calicoctl.node_addresses() if one.node == self.node.name)

    def store(self, address: str | None) -> None:
        """Have its Node resource hold an address, or none."""
        # A Node without an address must have no `bgp` at all.
        change = {"spec": {"bgp": {"ipv4Address": address} if address else None}}
        self.lab.calicoctl.patch("node", self.node.name, change)

    def filled_in(self, method: str) -> str:
        """A method with what this lab has in its braces."""
        network = ipaddress.IPv4Interface(self.right).network
        return method.format(network=network, peer=self.peer.address)

    def fact(self, conflict: str, method: str, *, expected: Decision, seen: Start) -> AutodetectionFact:
        """A cell of the matrix, for the sign-off page."""
        died = expected.outcome in ("die", "none")
        return AutodetectionFact(
            conflict=conflict,
            method=method,
            expected=Choice(
                outcome=self._outcome(expected.address, died=died, kept=expected.outcome == "keep"),
                address="" if died else expected.address,
                interface="" if died else expected.interface,
                message=expected.message,
            ),
            seen=Choice(
                outcome=self._outcome(seen.stored, died=seen.died, kept=seen.kept),
                address="" if seen.died else seen.stored or "",
                interface=seen.interface,
                message=seen.said,
            ),
        )

    def _outcome(self, address: str | None, *, died: bool, kept: bool) -> AddressOutcome:
        if died:
            return "died"
        if kept:
            return "kept"
        return "right" if address == self.right else "wrong"

    def is_lost(self, mesh: Mesh, host: str, *, reachable: bool) -> bool:
        """Whether every other node dials `host` in place of this one, and the rest of the mesh is as it was.

        Args:
            mesh: what every BIRD says.
            host: the address that was taken.
            reachable: whether the node answers there; where it does not, its peers must have been refused by now.
        """
        others = {node.name for node in self.lab.nodes} - {self.node.name}
        sessions = {stranger.node: stranger.session for stranger in mesh.strangers}
        dialled = all(
            session.peer == host
            and (session.established if reachable else "refused" in session.info + session.last_error)
            for session in sessions.values()
        )
        rest = {(one, other) for one in others for other in others if one != other}
        between = {(one, other) for one, other in mesh.established_pairs if one in others}
        from_here = {pair for pair in mesh.established_pairs if pair[0] == self.node.name}
        return set(sessions) == others and dialled and between == rest and bool(from_here) == reachable


@pytest.fixture(scope="module")
def hit(lab: Lab) -> Hit:
    """node02, seen from node01."""
    return Hit.on_node(lab, lab.node("node02"))
