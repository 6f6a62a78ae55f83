"""The controls of suites/founding/test_incident.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calicolab.calico.mesh import Mesh
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.wait import wait_for
from tests.controls import sabotages
from tests.controls.common import BIG_PACKETS_LOST, FELIX_DOWN, SESSION_OFF, UDP_LOST
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.controls.control import Scene

STORY = "suites/founding/test_incident.py"


@contextmanager
def _one_reader(scene: Scene) -> Iterator[None]:
    nodes = [(node.name, node.address) for node in scene.lab.nodes]
    first = scene.lab.nodes[0]
    scene.patch.setattr(scene.lab, "mesh", lambda: Mesh.of(nodes, {first.name: first.calico.sessions()}))
    yield


@contextmanager
def _port_plugged_in(scene: Scene) -> Iterator[None]:
    """A container is on the bridge's network."""
    incident = scene.arguments["incident"]
    node, bridge = incident.faulty, incident.bridge.bridge
    node.run(["ip", "link", "add", "name", "control", "type", "veth", "peer", "name", "control-peer"])
    node.run(["ip", "link", "set", "dev", "control-peer", "up"])

    def plug_in() -> None:
        # An IPv6 address of its own would be found before its carrier is.
        node.run(["ip", "link", "set", "dev", bridge, "addrgenmode", "none"])
        node.run(["ip", "link", "set", "dev", "control", "up", "master", bridge])
        links = {"control", bridge}
        wait_for(
            lambda: {link.name for link in node.calico.interfaces() if link.carrier and link.name in links},
            until=lambda live: live == links,
            timeout=10,
        )

    sabotages.injecting(scene, lambda fault: fault, then=plug_in)
    try:
        yield
    finally:
        node.run(["ip", "link", "delete", "dev", "control"])


@contextmanager
def _told_which_interface(scene: Scene) -> Iterator[None]:
    node = scene.arguments["incident"].faulty
    scene.ripe = sabotages.started_since_now(node)
    with sabotages.settings(node, IP_AUTODETECTION_METHOD="interface=eth0"):
        yield


@contextmanager
def _window_shut(scene: Scene) -> Iterator[None]:
    healthy = scene.arguments["incident"].healthy
    sabotages.restarts_long_ago(scene, healthy)
    scene.ripe = sabotages.established(healthy, scene.lab.node("node03"))
    yield


@contextmanager
def _row_missing(scene: Scene, peer: str) -> Iterator[None]:
    """One row of the healthy node's table is missing: calicoctl shows no session that is disabled."""
    with sabotages.session_off(scene.lab, scene.arguments["incident"].healthy.name, peer):
        yield


@contextmanager
def _not_applied(scene: Scene) -> Iterator[None]:
    scene.patch.setattr(CorrectNodeAddress, "apply", sabotages.nothing)
    yield


@contextmanager
def _heals_by_itself(scene: Scene) -> Iterator[None]:
    incident = scene.arguments["incident"]

    def without_cure(*_: object) -> None:
        incident.bridge.heal(scene.lab)
        sabotages.start_again(incident.faulty)

    scene.patch.setattr(CorrectNodeAddress, "apply", without_cure)
    try:
        yield
    finally:
        incident.bridge.heal(scene.lab)
        incident.bridge.inject(scene.lab)
        sabotages.start_again(incident.faulty)


CONTROLS = {
    f"{STORY}::test_the_mesh_is_established_on_every_ordered_pair": (
        SESSION_OFF,
        Sabotage(
            "one-reader",
            "the mesh is read from node01's BIRD alone",
            act=_one_reader,
            says="silent: node02: it was not asked",
        ),
    ),
    f"{STORY}::test_etcd_serves_over_tls_and_turns_away_who_has_no_certificate": (
        Sabotage(
            "stranger-let-in",
            "one of etcd's three members asks nobody for a certificate",
            act=lambda scene: sabotages.stranger_let_in(scene.lab, 2),
            says="without a certificate",
        ),
    ),
    f"{STORY}::test_every_node_is_ready": (FELIX_DOWN,),
    f"{STORY}::test_pods_talk_across_every_pair_of_nodes": (UDP_LOST, BIG_PACKETS_LOST),
    f"{STORY}::test_pods_have_the_incidents_mtu": (
        Sabotage(
            "other-mtu",
            "node03's end of its pod's cable gets an MTU of 1500",
            act=lambda scene: sabotages.pod_mtu(scene.lab, "node03", 1500),
            says="1500",
        ),
    ),
    f"{STORY}::test_a_docker_bridge_appears": (
        Sabotage(
            "bridge-in-use",
            "a container is on the bridge's network, so that it has a carrier",
            act=_port_plugged_in,
            says=r"where True = Interface\(.*carrier=True",
        ),
        Sabotage(
            "session-off",
            "BIRD's session from node02 to node03 is disabled when the bridge appears",
            act=SESSION_OFF.act,
            says=SESSION_OFF.says,
        ),
    ),
    f"{STORY}::test_calico_node_takes_the_bridges_address": (
        Sabotage(
            "told-which-interface",
            "calico-node starts with IP_AUTODETECTION_METHOD=interface=eth0 and does not take the bridge's address",
            act=_told_which_interface,
            says=r"last state: .*'node02': '192\.168\.21\.12/24'",
        ),
    ),
    f"{STORY}::test_pods_of_the_faulty_node_are_cut_off_and_the_others_are_not": (
        Sabotage(
            "routes-by-hand",
            "node01 and node02 have routes to each other's pod that are not BGP's, so node02's is not cut off",
            act=lambda scene: sabotages.routes_by_hand(scene.lab, "node01", "node02"),
            says="last state: (?!.*pod-node01 -> pod-node02 )pod-",
        ),
        Sabotage(
            "others-cut-too",
            "datagrams from node01's pod to node03's, neither of them faulty, are dropped",
            act=UDP_LOST.act,
            says="last state: .*pod-node01 -> pod-node03 udp",
        ),
    ),
    f"{STORY}::test_the_probe_names_the_bridge": (
        Sabotage(
            "window-shut",
            "the file that tells when calico-node started on node01 is an hour old: the strict window is over",
            act=_window_shut,
            says="last state: ready",
        ),
    ),
    f"{STORY}::test_the_faulty_node_names_all_its_peers": (
        Sabotage(
            "bird-down",
            "BIRD is stopped on node02, so that the probe cannot name a peer",
            act=lambda scene: sabotages.service_down(scene.lab, "node02", "bird"),
            says="rror querying BIRD",
        ),
    ),
    f"{STORY}::test_the_peer_table_shows_the_bridge": (
        Sabotage(
            "bridge-not-dialled",
            "node01's BIRD is told not to dial 172.18.0.1, so that its table has no such row",
            act=lambda scene: _row_missing(scene, "172.18.0.1"),
            says=r"last state: .*192\.168\.21\.13",
            patience=5.0,
        ),
        Sabotage(
            "other-row-missing",
            "node01's session with node03, which is not faulty, is disabled, so that its table has no such row",
            act=lambda scene: _row_missing(scene, "192.168.21.13"),
            says=r"assert \{\} == \{'192\.168\.21\.",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_the_cure_brings_the_mesh_back": (
        Sabotage(
            "not-applied",
            "the corrected YAML is not applied",
            act=_not_applied,
            says="stranger: node01 has 172.18.0.1",
            patience=8.0,
        ),
        Sabotage(
            "heals-by-itself",
            "nothing is applied, but the bridge goes away and calico-node starts again on node02",
            act=_heals_by_itself,
            says="this cure was not what healed the mesh",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_every_node_is_ready_again": (FELIX_DOWN,),
    f"{STORY}::test_pods_talk_again": (UDP_LOST, BIG_PACKETS_LOST),
}
