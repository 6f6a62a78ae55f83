"""What the stories of the incident have in common: who was hit, by what, and what healthy means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from calicolab.faults.docker_bridge import DockerBridge

if TYPE_CHECKING:
    from calicolab.labs.base import Lab, Node


@dataclass(frozen=True)
class Incident:
    """The incident's cast."""

    #: The bridge that appeared, on the node that it appeared on.
    bridge: DockerBridge
    faulty: Node
    #: A node that is itself all right.
    healthy: Node
    #: The faulty node's right address, as its Node resource should hold it.
    right_address: str


@pytest.fixture(scope="module")
def incident(lab: Lab) -> Incident:
    """The bridge on node02, seen from node01."""
    bridge = DockerBridge(node="node02")
    faulty = lab.node(bridge.node)
    return Incident(
        bridge=bridge,
        faulty=faulty,
        healthy=lab.node("node01"),
        right_address=next(
            address.ipv4 or "" for address in lab.calicoctl.node_addresses() if address.node == faulty.name
        ),
    )
