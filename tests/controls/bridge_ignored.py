"""The controls of suites/founding/test_bridge_ignored.py."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.controls import sabotages
from tests.controls.common import BIG_PACKETS_LOST, FELIX_DOWN, SESSION_OFF, UDP_LOST
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.controls.control import Scene

STORY = "suites/founding/test_bridge_ignored.py"


@contextmanager
def _name_that_is_taken(scene: Scene) -> Iterator[None]:
    sabotages.injecting(scene, lambda fault: replace(fault, bridge="mybr0"))
    try:
        yield
    finally:
        # The bridge is gone by now: eth0 it is again.
        sabotages.start_again(scene.arguments["incident"].faulty)


@contextmanager
def _name_that_is_passed_over(scene: Scene) -> Iterator[None]:
    sabotages.injecting(scene, lambda fault: replace(fault, bridge="br-mybr0"))
    scene.ripe = sabotages.started_since_now(scene.arguments["incident"].faulty)
    yield


@contextmanager
def _bridge_gone(scene: Scene) -> Iterator[None]:
    bridge = scene.arguments["incident"].bridge
    bridge.heal(scene.lab)
    try:
        yield
    finally:
        bridge.inject(scene.lab)


CONTROLS = {
    f"{STORY}::test_the_mesh_is_established_and_pods_talk": (SESSION_OFF, UDP_LOST, BIG_PACKETS_LOST),
    f"{STORY}::test_calico_node_keeps_eth0": (
        Sabotage(
            "name-that-is-taken",
            "the bridge is called mybr0, a name that autodetection does not pass over",
            act=_name_that_is_taken,
            says=r"assert 'interface eth0: 192\.168\.21\.12/24' in '",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_the_mesh_is_untouched": (
        Sabotage(
            "address-taken",
            "node02's Node resource holds 172.18.0.1/16 after all",
            act=lambda scene: sabotages.stored_address(scene.lab, "node02", "172.18.0.1/16"),
            says="stranger: node01 has 172.18.0.1",
        ),
        Sabotage(
            "bridge-gone",
            "the bridge is removed",
            act=_bridge_gone,
            says="without the bridge this proves nothing",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_every_node_is_ready": (FELIX_DOWN,),
    f"{STORY}::test_pods_still_talk": (UDP_LOST, BIG_PACKETS_LOST),
    f"{STORY}::test_a_bridge_of_another_name_is_taken_all_the_same": (
        Sabotage(
            "name-that-is-passed-over",
            "the bridge is called br-mybr0",
            act=_name_that_is_passed_over,
            says=r"last state: .*'node02': '192\.168\.21\.12/24'",
        ),
    ),
}
