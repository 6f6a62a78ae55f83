"""The founding incident, sentence by sentence: a docker bridge appears, a node takes its address, the mesh breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.connectivity.matrix import everybody
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.story import Inject
    from suites.founding.conftest import Incident

pytestmark = pytest.mark.calico(
    "<3.25", reason="later versions pass over bridges named br-* (calico#7045): see test_bridge_ignored.py"
)

#: Seconds. The readiness probe is strict for so long after calico-node started (health.go, -threshold-time).
STRICT_WINDOW = 30.0


def test_the_mesh_is_established_on_every_ordered_pair(lab: Lab, phase: PhaseRecorder) -> None:
    """It works: every node's BIRD has an Established session with every other node."""
    mesh = wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=20, consecutive=3)
    phase("before")
    assert len(mesh.established_pairs) == len(lab.nodes) * (len(lab.nodes) - 1)


def test_etcd_serves_over_tls_and_turns_away_who_has_no_certificate(lab: Lab, facts: FactRecorder) -> None:
    """The cluster keeps its state in an external etcd that requires a client certificate."""
    members = lab.etcd.health()
    assert members.succeeded, str(members)
    serves = "is healthy"
    assert serves in members.stdout + members.stderr, (
        "etcdctl says it otherwise: what follows would see nothing"
    )
    stranger = lab.etcd.health(with_certificate=False)
    facts("without a certificate", stranger.stderr)
    assert not stranger.succeeded, "etcd serves clients without a certificate"
    # One member that turns the stranger away is enough for etcdctl to fail: every one of them must.
    assert serves not in stranger.stdout + stranger.stderr, (
        "a member of etcd serves clients without a certificate"
    )


def test_every_node_is_ready(lab: Lab) -> None:
    """And the pods of calico-node are ready."""
    for node in lab.nodes:
        wait_for(node.calico.readiness, until=lambda probe: probe.ready, timeout=20)


def test_pods_talk_across_every_pair_of_nodes(lab: Lab, facts: FactRecorder) -> None:
    """TCP, UDP and a 1 MB transfer, both ways."""
    matrix = everybody(lab.pods)
    facts("pods", matrix.to_facts())
    assert matrix.is_full, matrix.explain(lambda source, target: True)


def test_pods_have_the_incidents_mtu(lab: Lab) -> None:
    """`veth_mtu` is 1440."""
    for node in lab.nodes:
        mtus = {link.name: link.mtu for link in node.calico.interfaces() if link.name.startswith("cali")}
        assert mtus, f"{node.name} has no pod"
        assert set(mtus.values()) == {1440}, mtus


def test_a_docker_bridge_appears(lab: Lab, incident: Incident, inject: Inject) -> None:
    """`br-fac7e8026658` with 172.18.0.1/16, no carrier, state DOWN. Nothing changes yet."""
    inject(incident.bridge)
    bridge = incident.faulty.host.interface(incident.bridge.bridge)
    assert bridge.exists
    assert bridge.addresses == [incident.bridge.host]
    link = next(one for one in incident.faulty.calico.interfaces() if one.name == incident.bridge.bridge)
    assert not link.carrier
    assert link.state == "DOWN"
    mesh = lab.mesh()
    assert mesh.is_full, str(mesh)


def test_calico_node_takes_the_bridges_address(lab: Lab, incident: Incident) -> None:
    """When calico-node starts again on that node, the Node resource holds 172.18.0.1/16."""
    before = incident.faulty.calico.logs()
    incident.faulty.calico.restart()
    stored = wait_for(
        lambda: {address.node: address.ipv4 for address in lab.calicoctl.node_addresses()},
        until=lambda addresses: addresses[incident.faulty.name] != incident.right_address,
        timeout=30,
    )
    assert stored[incident.faulty.name] == incident.bridge.address
    said = incident.faulty.calico.logs().removeprefix(before)
    assert f"interface {incident.bridge.bridge}: {incident.bridge.address}" in said, said


def test_pods_of_the_faulty_node_are_cut_off_and_the_others_are_not(
    lab: Lab, incident: Incident, facts: FactRecorder
) -> None:
    """Nobody knows the way to its pods any more.

    Looked at before a healthy node starts again: one that does keeps its old routes for up to 240 s (graceful restart),
    and hides the cut from its own pods (docs/decisions/0014).
    """

    def expected(source: str, target: str) -> bool:
        return incident.faulty.name not in (source, target)

    matrix = wait_for(
        lambda: everybody(lab.pods), until=lambda matrix: not matrix.wrong(expected), timeout=30
    )
    facts("pods", matrix.to_facts())
    assert any(result.reached for result in matrix.results), "a matrix that reaches nothing proves nothing"


def test_the_probe_names_the_bridge(incident: Incident, facts: FactRecorder) -> None:
    """The incident's message, word for word, from a node that is itself healthy, in its strict window."""
    incident.healthy.calico.restart()
    message = f"calico/node is not ready: BIRD is not ready: BGP not established with {incident.bridge.host}"
    verdict = wait_for(
        incident.healthy.calico.readiness, until=lambda probe: probe.message == message, timeout=STRICT_WINDOW
    )
    facts("message", verdict.message)
    assert not verdict.ready
    assert verdict.message == message


def test_the_faulty_node_names_all_its_peers(lab: Lab, incident: Incident, facts: FactRecorder) -> None:
    """The node that took the bridge's address has no session left, and its probe says so."""
    others = {node.address for node in lab.nodes if node.name != incident.faulty.name}
    verdict = wait_for(
        incident.faulty.calico.readiness, until=lambda probe: set(probe.peers_named) == others, timeout=30
    )
    facts("message", verdict.message)
    assert verdict.message.startswith(
        "calico/node is not ready: BIRD is not ready: BGP not established with "
    )


def test_the_peer_table_shows_the_bridge(lab: Lab, incident: Incident, phase: PhaseRecorder) -> None:
    """`172.18.0.1 | node-to-node mesh | start | Active Socket: Connection refused`."""
    table = wait_for(
        incident.healthy.calico.status,
        until=lambda status: any(row.info == "Active Socket: Connection refused" for row in status.peers),
        timeout=30,
    )
    phase("during")
    row = next(row for row in table.peers if row.address == incident.bridge.host)
    assert (row.kind, row.state, row.info) == (
        "node-to-node mesh",
        "start",
        "Active Socket: Connection refused",
    )
    others = [
        node.address for node in lab.nodes if node.name not in (incident.healthy.name, incident.faulty.name)
    ]
    rest = {peer.address: peer.info for peer in table.peers if peer is not row}
    assert rest == dict.fromkeys(others, "Established"), table.text
    mesh = lab.mesh()
    assert {stranger.session.peer for stranger in mesh.strangers} == {incident.bridge.host}, str(mesh)


def test_the_cure_brings_the_mesh_back(
    lab: Lab, incident: Incident, phase: PhaseRecorder, facts: FactRecorder
) -> None:
    """`calicoctl get -o yaml`, the address corrected, `calicoctl apply`: every ordered pair, three times running."""
    CorrectNodeAddress(node=incident.faulty.name, address=incident.right_address).apply(lab)
    mesh = wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=30)
    lab.timeline.add("mesh-full", lab=lab.id)
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=20, consecutive=3, interval=0.5)
    phase("after")
    facts("mesh", mesh)
    assert incident.bridge.injected(lab), (
        "the bridge went away by itself: this cure was not what healed the mesh"
    )


def test_every_node_is_ready_again(lab: Lab) -> None:
    """The probe agrees."""
    for node in lab.nodes:
        wait_for(node.calico.readiness, until=lambda probe: probe.ready, timeout=40)


def test_pods_talk_again(lab: Lab, facts: FactRecorder) -> None:
    """TCP, UDP and a 1 MB transfer, both ways, across every pair of nodes."""
    matrix = wait_for(lambda: everybody(lab.pods), until=lambda matrix: matrix.is_full, timeout=30)
    facts("pods", matrix.to_facts())
    assert matrix.is_full
