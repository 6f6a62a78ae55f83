"""Where the probe sees nothing, and how it words what it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico.versions import comparison_key
from calicolab.faults.mesh_disabled import MeshDisabled
from calicolab.faults.service import ServiceFault
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab, Node
    from fixtures.evidence import FactRecorder

BIRD_ERROR = "calico/node is not ready: BIRD is not ready: "
FELIX_ERROR = "calico/node is not ready: felix is not ready: "


@pytest.fixture(scope="module")
def node(lab: Lab) -> Node:
    """The node whose probe is asked."""
    return lab.node("node01")


def ready_again(node: Node) -> None:
    """Wait until the node is healthy, so that the next step begins where this one did."""
    wait_for(node.calico.readiness, until=lambda probe: probe.ready, timeout=45)


def test_no_peer_at_all_is_ready(lab: Lab, node: Node) -> None:
    """health.go: "There are no bgp peers, returning ready." BIRD has none, and nothing is said."""
    with lab.fault(MeshDisabled()):
        wait_for(node.calico.sessions, until=lambda sessions: sessions == (), timeout=20)
        assert node.calico.readiness().ready
        assert not lab.mesh().established_pairs
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60)


def test_a_dead_felix_is_not_ready(lab: Lab, node: Node, facts: FactRecorder) -> None:
    """And the message says which half it is; the BIRD half alone is ready all the while."""
    ready_again(node)
    with lab.fault(ServiceFault(node=node.name, service="felix")):
        verdict = wait_for(node.calico.readiness, until=lambda probe: not probe.ready, timeout=10)
        facts("message", verdict.message)
        assert verdict.message.startswith(FELIX_ERROR)
        assert verdict.message.endswith("connect: connection refused")
        assert node.calico.bird_readiness().ready
    ready_again(node)


def test_a_dead_bird_is_not_ready(lab: Lab, node: Node, facts: FactRecorder) -> None:
    """Its wording changed: "Error querying BIRD" up to v3.30, "error querying BIRD" from v3.31.0 on."""
    with lab.fault(ServiceFault(node=node.name, service="bird")):
        verdict = wait_for(node.calico.readiness, until=lambda probe: not probe.ready, timeout=10)
        facts("message", verdict.message)
        querying = "Error" if comparison_key(lab.calico_version) < comparison_key("v3.31.0") else "error"
        assert verdict.message.startswith(
            f"{BIRD_ERROR}{querying} querying BIRD: unable to connect to BIRDv4 socket: dial unix "
        )
        assert node.calico.felix_readiness().ready
    ready_again(node)


def test_an_error_of_bird_hides_one_of_felix(lab: Lab, node: Node, facts: FactRecorder) -> None:
    """Both are broken, one message is shown: the first. A Felix that hangs is slower than a BIRD that is dead."""
    with (
        lab.fault(ServiceFault(node=node.name, service="felix", action="pause")),
        lab.fault(ServiceFault(node=node.name, service="bird")),
    ):
        verdict = wait_for(node.calico.readiness, until=lambda probe: not probe.ready, timeout=20)
        facts("message", verdict.message)
        assert verdict.message.startswith(BIRD_ERROR)
        assert "felix" not in verdict.message.lower()
        hidden = node.calico.felix_readiness(threshold=3)
        facts("hidden", hidden.message)
        assert not hidden.ready, "Felix was not broken: nothing was hidden"
        assert hidden.message.startswith(FELIX_ERROR)
    ready_again(node)


def test_node_status_says_nothing_of_a_dead_felix(lab: Lab, node: Node) -> None:
    """`calicoctl node status` calls calico-node running: it looks for a process of that name, and others have it."""
    with lab.fault(ServiceFault(node=node.name, service="felix")):
        assert node.calico.status().process_running
    ready_again(node)
