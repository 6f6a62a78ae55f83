"""The controls of suites/founding/test_no_peers.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calicolab.faults.mesh_disabled import MeshDisabled
from tests.controls import sabotages
from tests.controls.control import Sabotage
from tests.controls.state import sessions_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.controls.control import Scene

STORY = "suites/founding/test_no_peers.py"
#: An address of the lab's network that nobody has.
NOBODY = "192.168.21.99"


@contextmanager
def _one_peer_left(scene: Scene) -> Iterator[None]:
    """A BGPPeer takes the mesh's place on node01."""
    node = scene.lab.node("node01")

    def mesh_is_gone() -> bool:
        return {session.kind for session in sessions_of(node)} == {"node specific"}

    scene.ripe = mesh_is_gone
    with sabotages.bgp_peer(scene.lab, node.name, "192.168.21.12"):
        yield


@contextmanager
def _dead_peer(scene: Scene) -> Iterator[None]:
    node = scene.lab.nodes[0]
    scene.ripe = lambda: any(session.peer == NOBODY for session in sessions_of(node))
    with sabotages.bgp_peer(scene.lab, node.name, NOBODY):
        yield


@contextmanager
def _window_shut(scene: Scene) -> Iterator[None]:
    sabotages.restarts_long_ago(scene, scene.lab.nodes[0])
    yield


@contextmanager
def _not_switched_on(scene: Scene) -> Iterator[None]:
    scene.patch.setattr(MeshDisabled, "heal", sabotages.nothing)
    yield


CONTROLS = {
    f"{STORY}::test_the_peer_table_is_empty": (
        Sabotage(
            "one-peer-left",
            "the mesh is off, but a BGPPeer gives node01 a peer instead",
            act=_one_peer_left,
            says="last state: .*192.168.21.12.*node specific",
        ),
    ),
    f"{STORY}::test_every_address_is_right": (
        Sabotage(
            "address-taken",
            "node02's Node resource holds 172.18.0.1/16",
            act=lambda scene: sabotages.stored_address(scene.lab, "node02", "172.18.0.1/16"),
            says=r"172\.18\.0\.1",
        ),
    ),
    f"{STORY}::test_the_probe_calls_it_ready": (
        Sabotage(
            "dead-peer",
            "a BGPPeer gives node01 one peer, under an address that nobody has",
            act=_dead_peer,
            says=f"last state: .*BGP not established with {NOBODY}",
        ),
        Sabotage(
            "window-shut",
            "the file that tells when calico-node started on node01 is an hour old: the strict window is over",
            act=_window_shut,
            says="ready only after the strict window",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_no_pod_reaches_another_node": (
        Sabotage(
            "routes-by-hand",
            "node01 and node02 have routes to each other's pod that are not BGP's",
            act=lambda scene: sabotages.routes_by_hand(scene.lab, "node01", "node02"),
            says="last state: (?!.*pod-node01 -> pod-node02 )pod-",
        ),
    ),
    f"{STORY}::test_the_diagnosis_tells_it_from_the_bridge": (
        Sabotage(
            "address-taken",
            "node02's Node resource holds 172.18.0.1/16, as with the bridge",
            act=lambda scene: sabotages.stored_address(scene.lab, "node02", "172.18.0.1/16"),
            says="wrong-address",
        ),
    ),
    f"{STORY}::test_switching_the_mesh_on_brings_it_back": (
        Sabotage(
            "not-switched-on",
            "the mesh stays off",
            act=_not_switched_on,
            says="missing: node01 has no session to any node",
            patience=8.0,
        ),
    ),
}
