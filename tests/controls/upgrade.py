"""The controls of suites/upgrade.

An upgrade is done once and cannot be taken back, so no control does one: where a check does it, its sabotage leaves it
out, and where a check looks at what came of it, it is given what is measured on this lab under the sabotage instead.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calicolab.calico.session_gaps import session_gaps
from calicolab.calico.upgrade import Upgraded
from calicolab.connectivity.traffic import Traffic
from calicolab.etcd.history import revision
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.upgrade.stored import Stored, addresses_since
from calicolab.wait import wait_for
from tests.controls import sabotages
from tests.controls.common import SESSION_OFF, UDP_LOST
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from calicolab.connectivity.traffic import Flow
    from tests.controls.control import Scene

NODE_BY_NODE = "suites/upgrade/test_node_by_node.py"
BRIDGE_IN_WAIT = "suites/upgrade/test_bridge_in_wait.py"
#: Seconds that traffic is measured for, and of them packets are dropped.
MEASURED = 1.0


def _course_with(scene: Scene, **changed: Any) -> None:
    """Have the check look at a journey that came out otherwise."""
    course = scene.arguments["course"]
    scene.arguments["course"] = replace(course, journey=replace(course.done, **changed))


@contextmanager
def _skipped(scene: Scene) -> Iterator[None]:
    """Nothing is upgraded, and all is said to be well."""

    def nothing_done(version: str, *, node: str | None = None) -> Upgraded:
        del node
        return Upgraded(version=version, replaced=())

    scene.patch.setattr(scene.lab, "upgrade", nothing_done)
    yield


@contextmanager
def _other_address_stored(scene: Scene) -> Iterator[None]:
    with sabotages.stored_address(scene.lab, "node03", "192.168.21.93/24"):
        _course_with(scene, after=Stored.read(scene.lab.calicoctl))
    yield


def _stored_for_a_moment(scene: Scene, node: str, address: str) -> None:
    """Have the check look at a journey on which `address` was stored of `node` and taken back."""
    etcdctl = scene.lab.etcd.etcdctl
    since = revision(etcdctl)
    with sabotages.stored_address(scene.lab, node, address):
        pass
    _with_addresses_since(scene, node, since)


def _with_addresses_since(scene: Scene, node: str, since: int) -> None:
    found = addresses_since(scene.lab.etcd.etcdctl, node, since=since)
    _course_with(scene, addresses={**scene.arguments["course"].done.addresses, node: found})


@contextmanager
def _another_in_between(scene: Scene) -> Iterator[None]:
    _stored_for_a_moment(scene, "node03", "192.168.21.93/24")
    yield


@contextmanager
def _found_early_or_never(scene: Scene) -> Iterator[None]:
    """The bridge's address on node02 where it does not belong; where it does, a journey that saw nothing of it.

    On Kubernetes the older calico-node may have found it, and that is no fault; there the check is told otherwise.
    """
    scene.arguments["may_be_found_early"] = False
    if scene.arguments["taken"]:
        _with_addresses_since(scene, "node02", revision(scene.lab.etcd.etcdctl))
    else:
        _stored_for_a_moment(scene, "node02", scene.arguments["lying_in_wait"].address)
    yield


def _measured(scene: Scene, cut: AbstractContextManager[None]) -> tuple[Flow, ...]:
    with Traffic(scene.lab.pods, timeline=scene.lab.timeline) as traffic, cut:
        since = datetime.now(UTC)
        wait_for(
            lambda: (datetime.now(UTC) - since).total_seconds(),
            until=lambda seconds: seconds > MEASURED,
            timeout=60,
        )
    return traffic.flows


@contextmanager
def _pods_cut(scene: Scene) -> Iterator[None]:
    """Datagrams one way, between nodes that are healthy in every story."""
    cut = sabotages.packets_dropped(scene.lab, "node01", "node03", "-p", "udp")
    _course_with(scene, flows=_measured(scene, cut))
    yield


@contextmanager
def _a_pair_left_out(scene: Scene) -> Iterator[None]:
    pair = ("pod-node02", "pod-node01")
    flows = tuple(flow for flow in _measured(scene, nullcontext()) if (flow.source, flow.target) != pair)
    _course_with(scene, flows=flows)
    yield


def _mesh_without_a_session(scene: Scene, node: str, peer: str) -> None:
    """Have the check look at a journey that ended with a session off: a lab that tells no times is asked no more."""
    lab = scene.lab
    with sabotages.session_off(lab, node, lab.node(peer).address):
        _course_with(scene, mesh=wait_for(lab.mesh, until=lambda mesh: not mesh.is_full, timeout=30))


@contextmanager
def _a_session_stays_down(scene: Scene) -> Iterator[None]:
    """As node03's own log tells it while its session with node01 is disabled."""
    lab, node = scene.lab, scene.lab.node("node03")
    if scene.arguments["course"].done.gaps is None:
        _mesh_without_a_session(scene, "node03", "node01")
        yield
        return
    peers = {other.address: other.name for other in lab.nodes}
    before = datetime.now(UTC)
    with sabotages.session_off(lab, "node03", lab.node("node01").address):
        gaps = wait_for(
            lambda: session_gaps(node.calico.bird_history(), peers=peers, since=before),
            until=lambda gaps: any(gap.ended is None for gap in gaps),
            timeout=30,
        )
    _course_with(scene, gaps={**scene.arguments["course"].done.gaps, "node03": gaps})
    yield


@contextmanager
def _a_silent_log(scene: Scene) -> Iterator[None]:
    if scene.arguments["course"].done.gaps is None:
        _mesh_without_a_session(scene, "node02", "node03")
    else:
        _course_with(scene, gaps={**scene.arguments["course"].done.gaps, "node02": ()})
    yield


@contextmanager
def _stored_otherwise(scene: Scene) -> Iterator[None]:
    with sabotages.stored_address(scene.lab, "node03", "192.168.21.93/24"):
        yield


@contextmanager
def _loud_and_wrong(scene: Scene) -> Iterator[None]:
    """A session is off; what the check sets of calico-node on node02, where it can, is given back."""
    node = scene.lab.node("node02")
    given_back = nullcontext() if scene.lab.kind == "kind" else sabotages.settings(node)
    with given_back, SESSION_OFF.act(scene):
        scene.patch.setattr(node.calico, "restart", sabotages.nothing)
        yield


@contextmanager
def _not_cured(scene: Scene) -> Iterator[None]:
    """The cure is left out; of a node that needs none, a session is off."""
    scene.patch.setattr(DockerBridge, "heal", sabotages.nothing)
    scene.patch.setattr(CorrectNodeAddress, "apply", sabotages.nothing)
    with _skipped(scene), SESSION_OFF.act(scene):
        yield


SKIPPED = Sabotage(
    "upgrade-skipped",
    "nothing is upgraded, and the lab says that every node is",
    act=_skipped,
    says="v3|was not lost",
)
OTHER_ADDRESS = Sabotage(
    "other-address-stored",
    "node03's Node resource holds another address at the end",
    act=_other_address_stored,
    says="192.168.21.93/24",
)
PODS_CUT = Sabotage(
    "pods-cut",
    "datagrams from node01's pod to node03's are dropped for a second while requests are measured",
    act=_pods_cut,
    says=r"pod-node01 -> pod-node03 udp: [1-9]\d* of",
)

CONTROLS = {
    f"{NODE_BY_NODE}::test_all_is_well_before": (SESSION_OFF, UDP_LOST),
    f"{NODE_BY_NODE}::test_every_node_is_upgraded_in_its_turn": (SKIPPED,),
    f"{NODE_BY_NODE}::test_the_mesh_is_full_at_the_end": (SESSION_OFF,),
    f"{NODE_BY_NODE}::test_every_node_has_its_own_address": (
        OTHER_ADDRESS,
        Sabotage(
            "another-in-between",
            "node03's Node resource held another address for a moment",
            act=_another_in_between,
            says="192.168.21.93/24",
        ),
    ),
    f"{NODE_BY_NODE}::test_no_request_between_pods_is_lost": (
        PODS_CUT,
        Sabotage(
            "pair-left-out",
            "what node02's pod asked node01's was not measured",
            act=_a_pair_left_out,
            says="assert 5 == ",
        ),
    ),
    f"{NODE_BY_NODE}::test_every_session_comes_back": (
        Sabotage(
            "session-stays-down",
            "node03's session with node01 is disabled, and its log says so",
            act=_a_session_stays_down,
            says="node03 - node01|node03 to node01",
        ),
        Sabotage(
            "silent-log",
            "node02's log tells of no change at all; without times, its session with node03 is down at the end",
            act=_a_silent_log,
            says="node02 - node0|node02 to node03",
        ),
    ),
    f"{NODE_BY_NODE}::test_what_is_stored_is_as_before": (
        Sabotage(
            "stored-otherwise",
            "node03's Node resource holds another address",
            act=_stored_otherwise,
            says="192.168.21.93/24",
        ),
    ),
    f"{NODE_BY_NODE}::test_pods_talk_after_it": (UDP_LOST,),
    f"{NODE_BY_NODE}::test_the_way_back": (SKIPPED,),
    f"{BRIDGE_IN_WAIT}::test_a_bridge_changes_nothing_yet": (
        Sabotage(
            "session-off",
            "BIRD's session from node02 to node03 is disabled on node02",
            act=_loud_and_wrong,
            says="node02 to node03: down",
            # For real calico-node has only just started, and its sessions take some seconds.
            patience=15.0,
        ),
    ),
    f"{BRIDGE_IN_WAIT}::test_the_upgrade_finds_the_bridge": (SKIPPED,),
    f"{BRIDGE_IN_WAIT}::test_the_address_is_as_the_target_picks_it": (OTHER_ADDRESS,),
    f"{BRIDGE_IN_WAIT}::test_the_other_nodes_pods_are_never_cut": (
        PODS_CUT,
        Sabotage(
            "found-early-or-never",
            "of node02 the bridge's address was stored for a moment, or where it was taken, was not seen to be",
            act=_found_early_or_never,
            says=r"was never stored of node02|was stored of node02 for a while",
        ),
    ),
    f"{BRIDGE_IN_WAIT}::test_the_upgrade_goes_on_once_the_node_is_cured": (
        Sabotage(
            "not-cured",
            "the cure is left out, or on a node that needs none a session is disabled",
            act=_not_cured,
            says="is not ready|node02 to node03: down",
            patience=15.0,
        ),
    ),
}
