"""The incident's other sighting: a peer table without any peer, although every address is right.

It comes about when BIRD is told of no peer: the node-to-node mesh is off and no BGPPeer takes its place. Nothing says
so. The probe is content, for no peer at all is ready; only the pods notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.calico import strict_window
from calicolab.calico.diagnosis import diagnose
from calicolab.connectivity.matrix import everybody
from calicolab.faults.mesh_disabled import MeshDisabled
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.story import Inject
    from suites.founding.conftest import Incident


def test_the_peer_table_is_empty(lab: Lab, incident: Incident, inject: Inject, phase: PhaseRecorder) -> None:
    """BIRD runs, and `calicoctl node status` shows no peer on any node."""
    assert all(node.calico.status().peers for node in lab.nodes), "the table is empty before anything is done"
    inject(MeshDisabled())
    for node in lab.nodes:
        status = wait_for(node.calico.status, until=lambda status: not status.peers, timeout=30)
        assert status.process_running
        assert "No IPv4 peers found." in status.text
    phase("no peers")


def test_every_address_is_right(lab: Lab, incident: Incident) -> None:
    """Unlike with the bridge, every Node resource holds its node's own address."""
    stored = {
        address.node: (address.ipv4 or "").partition("/")[0] for address in lab.calicoctl.node_addresses()
    }
    assert stored == {node.name: node.address for node in lab.nodes}


def test_the_probe_calls_it_ready(lab: Lab, facts: FactRecorder) -> None:
    """Zero peers is ready, in the strict window too."""
    node = lab.nodes[0]
    node.calico.restart()
    wait_for(node.calico.readiness, until=lambda probe: probe.ready, timeout=strict_window.LENGTH)
    assert strict_window.age(node) < strict_window.LENGTH, "ready only after the strict window"
    assert node.calico.sessions() == ()
    for other in lab.nodes:
        assert other.calico.readiness().ready, other.name


def test_no_pod_reaches_another_node(lab: Lab, facts: FactRecorder) -> None:
    """The routes are gone with the sessions."""
    matrix = wait_for(
        lambda: everybody(lab.pods),
        until=lambda matrix: not matrix.wrong(lambda source, target: source == target),
        timeout=40,
    )
    facts("pods", matrix.to_facts())
    assert not any(result.reached for result in matrix.results)


def test_the_diagnosis_tells_it_from_the_bridge(lab: Lab, facts: FactRecorder) -> None:
    """It names the mesh that is off, and no address."""
    findings = diagnose(lab)
    facts("findings", [str(finding) for finding in findings])
    assert {finding.kind for finding in findings} == {"mesh-disabled"}


def test_switching_the_mesh_on_brings_it_back(lab: Lab, phase: PhaseRecorder, facts: FactRecorder) -> None:
    """The cure: every ordered pair Established, three times running, and pods talk."""
    MeshDisabled().heal(lab)
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60, consecutive=3, interval=0.5)
    phase("after")
    matrix = wait_for(lambda: everybody(lab.pods), until=lambda matrix: matrix.is_full, timeout=30)
    facts("pods", matrix.to_facts())
    assert diagnose(lab) == ()
