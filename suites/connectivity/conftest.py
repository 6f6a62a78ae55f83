"""What the stories of connectivity have in common: a bridge that is taken, and what it cuts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab, Node


@dataclass(frozen=True)
class Incident:
    """A bridge that calico-node of this version takes, on a node that has pods."""

    bridge: DockerBridge
    faulty: Node
    #: The faulty node's right address, as its Node resource should hold it.
    right_address: str

    def reaches(self, source: str, target: str) -> bool:
        """Whether a pod of one node should reach one of another while the fault is there."""
        return source == target or self.faulty.name not in (source, target)

    def take(self, lab: Lab) -> None:
        """Start calico-node again on the node, and wait until the datastore has the bridge's address."""
        self.faulty.calico.restart()
        wait_for(
            lambda: {address.node: address.ipv4 for address in lab.calicoctl.node_addresses()},
            until=lambda stored: stored[self.faulty.name] == self.bridge.address,
            timeout=60,
        )

    def cure(self, lab: Lab) -> None:
        """Take the bridge away and correct the address; wait for a full mesh and for every pod of calico-node."""
        self.bridge.heal(lab)
        CorrectNodeAddress(node=self.faulty.name, address=self.right_address).apply(lab)
        wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60, consecutive=3, interval=0.5)
        wait_for(
            lambda: tuple(lab.kubernetes.calico_pod(node.name) for node in lab.nodes),
            until=lambda pods: all(pod is not None and pod.ready for pod in pods),
            timeout=60,
        )


@pytest.fixture(scope="module")
def incident(lab: Lab) -> Incident:
    """The incident's bridge on node02, or one of another name where that one is passed over."""
    bridge = DockerBridge(node="node02")
    if not bridge.applies_to(lab.calico_version, lab.kind):
        bridge = replace(bridge, bridge="mybr0")
    faulty = lab.node(bridge.node)
    return Incident(
        bridge=bridge,
        faulty=faulty,
        right_address=next(
            address.ipv4 or "" for address in lab.calicoctl.node_addresses() if address.node == faulty.name
        ),
    )
