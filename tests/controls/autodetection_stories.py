"""The controls of the other stories of suites/autodetection: one address twice, a late interface, no match."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from calicolab.calico import address_choice, start
from calicolab.faults.interfaces import NewInterface
from tests.controls import sabotages
from tests.controls.autodetection import other_mesh, settings_kept, starting
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.controls.control import Scene

DUPLICATE = "suites/autodetection/test_duplicate_address.py"
LATE = "suites/autodetection/test_late_interface.py"
NO_MATCH = "suites/autodetection/test_no_match.py"

ETH0 = {address_choice.METHOD: "interface=eth0"}


@contextmanager
def _first_gave_it_back(scene: Scene, *, second_runs: bool) -> Iterator[None]:
    """The first node's own address is stored again when the second starts, which is then free to take the other."""
    hit, second = scene.arguments["hit"], scene.arguments["second"]
    taken = hit.stored()
    try:
        with starting(scene, before=hit.put_right):
            yield
    finally:
        if second_runs:
            second.put_right()
        else:
            second.node.calico.stop()
            second.store(None)
        hit.store(taken)


@contextmanager
def _confd_down(scene: Scene) -> Iterator[None]:
    """confd is stopped on node01; afterwards the second node is as dead as before, and nothing is stored for it."""
    second, peer = scene.arguments["second"], scene.arguments["hit"].peer
    try:
        with settings_kept(scene), sabotages.service_down(scene.lab, peer.name, "confd"):
            yield
    finally:
        second.node.calico.stop()
        second.store(None)


@contextmanager
def _never_gone(scene: Scene) -> Iterator[None]:
    scene.patch.setattr(NewInterface, "heal", sabotages.nothing)
    with settings_kept(scene):
        yield


@contextmanager
def _monitor_down(scene: Scene) -> Iterator[None]:
    with sabotages.service_down(scene.lab, scene.arguments["hit"].node.name, "monitor-addresses"):
        yield


@contextmanager
def _started_again(scene: Scene) -> Iterator[None]:
    hit = scene.arguments["hit"]
    sabotages.injecting(scene, lambda fault: fault, then=lambda: sabotages.start_again(hit.node))
    try:
        yield
    finally:
        # The tunnel is gone by now, and this is a write since the monitor began.
        hit.store(hit.right)


@contextmanager
def _tunnel_again(scene: Scene) -> Iterator[None]:
    """On the way out the tunnel is there again, and what was stored then."""
    hit, tunnel = scene.arguments["hit"], scene.arguments["tunnel"]
    before = hit.stored()
    try:
        yield
    finally:
        tunnel.inject(scene.lab)
        hit.store(before)


@contextmanager
def _gone_with_a_start(scene: Scene) -> Iterator[None]:
    hit, tunnel = scene.arguments["hit"], scene.arguments["tunnel"]
    heal = type(tunnel).heal

    def heal_and_start(self: Any, lab: Any) -> None:
        heal(self, lab)
        start.afresh(hit.node)

    with _tunnel_again(scene):
        scene.patch.setattr(type(tunnel), "heal", heal_and_start)
        yield


@contextmanager
def _other_bird_down(scene: Scene) -> Iterator[None]:
    # Not one session: the next configuration would switch it on again.
    with _tunnel_again(scene), sabotages.service_down(scene.lab, "node03", "bird"):
        yield


@contextmanager
def _address_stored_after_all(scene: Scene) -> Iterator[None]:
    hit = scene.arguments["hit"]
    try:
        with starting(scene, before=hit.put_right):
            yield
    finally:
        hit.put_right()


@contextmanager
def _known_method(scene: Scene) -> Iterator[None]:
    """calico-node is told a method that there is; afterwards it is as dead as before, and nothing is stored."""
    hit = scene.arguments["hit"]
    try:
        with starting(scene, told=ETH0):
            yield
    finally:
        hit.node.calico.stop()
        hit.store(None)


STARTED_AGAIN = Sabotage(
    "started-again",
    "calico-node starts again on node02 when the tunnel comes up",
    act=_started_again,
    says="was started again",
    patience=60.0,
)

CONTROLS = {
    f"{DUPLICATE}::test_the_first_node_takes_the_address": (
        Sabotage(
            "told-which-interface",
            "calico-node is started with IP_AUTODETECTION_METHOD=interface=eth0",
            act=lambda scene: starting(scene, told=ETH0),
            says="on matching interface eth0",
            patience=60.0,
        ),
    ),
    f"{DUPLICATE}::test_the_second_dies_and_has_no_address_any_more": (
        Sabotage(
            "given-back",
            "node02's own address is stored again before calico-node starts on node03",
            act=lambda scene: _first_gave_it_back(scene, second_runs=True),
            says="died=False",
        ),
    ),
    f"{DUPLICATE}::test_it_dies_at_every_start": (
        Sabotage(
            "given-back",
            "node02's own address is stored again before calico-node starts on node03",
            act=lambda scene: _first_gave_it_back(scene, second_runs=False),
            says="died=False",
        ),
    ),
    f"{DUPLICATE}::test_without_the_check_no_bird_can_be_configured_any_more": (
        Sabotage(
            "with-the-check",
            "calico-node is started on node03 without DISABLE_NODE_IP_CHECK",
            act=lambda scene: starting(scene, told={}),
            says=r"assert \(True, None\) == \(False, ",
        ),
        Sabotage(
            "confd-down",
            "confd is stopped on node01, and has no configuration checked",
            act=_confd_down,
            says="(?m)last state: $",
            patience=5.0,
        ),
    ),
    f"{DUPLICATE}::test_with_an_address_each_the_mesh_comes_back": (
        Sabotage(
            "never-gone",
            "the bridges stay",
            act=_never_gone,
            says=r"on interface mybr0: 172\.19\.0\.1/16",
        ),
    ),
    f"{LATE}::test_it_is_healthy_and_looks_every_few_seconds": (
        Sabotage(
            "default-interval",
            "calico-node is started with no interval, and looks once a minute",
            act=lambda scene: starting(scene, told={"AUTODETECT_POLL_INTERVAL": "60s"}),
            says=r"last state: Watch\(looks=Looks\(count=",
            patience=12.0,
        ),
    ),
    f"{LATE}::test_the_monitor_takes_the_tunnels_address": (
        Sabotage(
            "monitor-down",
            "the monitor is stopped on node02",
            act=_monitor_down,
            says=r"last state: Watch\(.*stored='192\.168\.21\.12/24'",
            patience=15.0,
        ),
        STARTED_AGAIN,
    ),
    f"{LATE}::test_the_monitor_sees_the_tunnel_and_cannot_take_it": (
        Sabotage(
            "monitor-down",
            "the monitor is stopped on node02",
            act=_monitor_down,
            says=r"last state: Watch\(.*stored='192\.168\.21\.12/24'",
            patience=25.0,
        ),
        Sabotage(
            "started-again",
            "calico-node starts again on node02 when the tunnel comes up, and takes its address",
            act=_started_again,
            says=r"100\.64\.236\.245/32",
            patience=60.0,
        ),
    ),
    f"{LATE}::test_when_the_tunnel_is_gone_the_mesh_is_whole": (
        Sabotage(
            "gone-with-a-start",
            "calico-node starts again on node02 when the tunnel goes",
            act=_gone_with_a_start,
            says="was started again",
            patience=60.0,
        ),
        Sabotage(
            "other-bird-down",
            "BIRD is stopped on node03, which has nothing to do with it",
            act=_other_bird_down,
            says="silent: node03",
            patience=20.0,
        ),
    ),
    f"{NO_MATCH}::test_without_a_match_it_keeps_what_is_stored": (
        Sabotage(
            "told-which-interface",
            "calico-node is started with IP_AUTODETECTION_METHOD=interface=eth0",
            act=lambda scene: starting(scene, told=ETH0),
            says="on matching interface eth0",
        ),
        Sabotage(
            "another-session-off",
            "BIRD's session from node01 to node03 is disabled",
            act=other_mesh,
            says="node01 to node03: down",
            patience=20.0,
        ),
    ),
    f"{NO_MATCH}::test_without_a_match_a_new_node_dies": (
        Sabotage(
            "stored-after-all",
            "the node's own address is stored when calico-node starts",
            act=_address_stored_after_all,
            says="died=False",
        ),
    ),
    f"{NO_MATCH}::test_a_method_that_is_none_is_death_whatever_is_stored": (
        Sabotage(
            "known-method",
            "calico-node is started with IP_AUTODETECTION_METHOD=interface=eth0",
            act=_known_method,
            says="died=False",
        ),
    ),
    f"{NO_MATCH}::test_told_nothing_it_starts_again": (
        Sabotage(
            "told-nonsense",
            "calico-node is started with a method that there is not",
            act=lambda scene: starting(scene, told={address_choice.METHOD: "interfaces=eth0"}),
            says="Invalid IP autodetection method",
        ),
    ),
}
