"""A bridge came up on a node and calico-node has not started again since: the upgrade starts it on every node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico.address_monitor import INTERVAL_SETTING
from calicolab.evidence.signoff import UPGRADE
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.upgrade.journey import travel
from calicolab.upgrade.stored import Stored
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.lab import LabKeeper
    from fixtures.story import Inject
    from suites.upgrade.conftest import Course

#: Docker's own name for a bridge, which versions from v3.25 on pass over, and one that somebody chose.
BRIDGES = ("br-fac7e8026658", "mybr0")
NODE = "node02"
#: What a lab lacks where calico-node's settings are the same on all nodes (`Lab.cannot`).
ONE_NODE = "settings of one node"


@pytest.fixture(scope="module", params=BRIDGES)
def lying_in_wait(request: pytest.FixtureRequest) -> DockerBridge:
    """The bridge."""
    return DockerBridge(node=NODE, bridge=request.param)


@pytest.fixture(scope="module")
def lab(
    request: pytest.FixtureRequest, lab_keeper: LabKeeper, upgrade_target: str, lying_in_wait: DockerBridge
) -> Lab:
    """A lab for this file, this target and this bridge alone: one that was upgraded is no lab for another story."""
    return lab_keeper.lab_for(f"{request.node.nodeid} to {upgrade_target} with {lying_in_wait.bridge}")


@pytest.fixture(scope="module")
def taken(lab: Lab, course: Course, lying_in_wait: DockerBridge) -> bool:
    """Whether calico-node of the target takes the bridge's address when it starts."""
    return lying_in_wait.applies_to(course.target, lab.kind)


@pytest.fixture(scope="module")
def may_be_found_early(lab: Lab, course: Course, lying_in_wait: DockerBridge) -> bool:
    """Whether the older calico-node may find the bridge by itself, as it looks for its address every minute."""
    return ONE_NODE in lab.cannot and lying_in_wait.applies_to(course.source, lab.kind)


def test_a_bridge_changes_nothing_yet(
    lab: Lab, course: Course, lying_in_wait: DockerBridge, inject: Inject, phase: PhaseRecorder
) -> None:
    """It is there, and calico-node has not started again: the mesh is full, and every address is right."""
    lab.fetch(course.target)
    # It is to be the upgrade that finds the bridge; the minute until calico-node looks by itself begins anew.
    lab.node(NODE).calico.restart(environment=None if ONE_NODE in lab.cannot else {INTERVAL_SETTING: "1h"})
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60, consecutive=3)
    inject(lying_in_wait)
    phase("before")
    course.stored = Stored.read(lab.calicoctl)
    assert {node: (stored or "").partition("/")[0] for node, stored in course.stored.addresses.items()} == {
        node.name: node.address for node in lab.nodes
    }
    assert lab.mesh().is_full, str(lab.mesh())


def test_the_upgrade_finds_the_bridge(
    lab: Lab, course: Course, lying_in_wait: DockerBridge, taken: bool, facts: FactRecorder
) -> None:
    """A target that takes it loses the node, and the rollout stops there; one that passes over it arrives."""
    course.journey = travel(lab, course.target, waiting=f"{lying_in_wait.name} {lying_in_wait.bridge}")
    facts(UPGRADE, course.journey.to_fact())
    stopped = course.journey.upgraded.stopped_at
    if taken:
        assert stopped is not None, f"node02 was not lost: {course.journey.upgraded}"
        assert stopped.node == NODE
        others = {node.address for node in lab.nodes if node.name != NODE}
        assert set(stopped.readiness.peers_named) == others, str(stopped.readiness)
    else:
        assert course.journey.arrived, f"{course.journey.upgraded}; {course.journey.mesh}"
        assert {node.calico.running_version() for node in lab.nodes} == {course.target}


def test_the_address_is_as_the_target_picks_it(
    course: Course, lying_in_wait: DockerBridge, taken: bool, phase: PhaseRecorder
) -> None:
    """172.18.0.1/16 or the node's own; of the other nodes always their own."""
    phase("during" if taken else "after")
    assert course.stored is not None
    expected = dict(course.stored.addresses)
    if taken:
        expected[NODE] = lying_in_wait.address
    assert course.done.after.addresses == expected


def test_the_upgrade_goes_on_once_the_node_is_cured(
    lab: Lab, course: Course, lying_in_wait: DockerBridge, taken: bool, phase: PhaseRecorder
) -> None:
    """The bridge removed and the address corrected: the rollout comes to its end, and the mesh is full."""
    assert course.stored is not None
    if taken:
        lying_in_wait.heal(lab)
        CorrectNodeAddress(node=NODE, address=course.stored.addresses[NODE] or "").apply(lab)
        wait_for(lab.node(NODE).calico.readiness, until=lambda probe: probe.ready, timeout=60)
    rest = lab.upgrade(course.target)
    assert rest.complete, str(rest)
    mesh = wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60, consecutive=3)
    phase("after")
    assert mesh.is_full
    assert {node.calico.running_version() for node in lab.nodes} == {course.target}
    assert Stored.read(lab.calicoctl).addresses == course.stored.addresses


def test_the_other_nodes_pods_are_never_cut(
    course: Course, taken: bool, lying_in_wait: DockerBridge, may_be_found_early: bool, facts: FactRecorder
) -> None:
    """Between healthy nodes no request is lost, unless --max-gap lets it be; a lost node's own are, which is seen."""
    found = lying_in_wait.address in course.done.addresses[NODE]
    facts("addresses stored of node02", list(course.done.addresses[NODE]))
    assert found or not taken, f"{lying_in_wait.address} was never stored of node02"
    assert not found or taken or may_be_found_early, (
        f"{lying_in_wait.address} was stored of node02 for a while"
    )
    theirs = [flow for flow in course.done.flows if NODE in f"{flow.source} {flow.target}"]
    others = [flow for flow in course.done.flows if flow not in theirs]
    facts("worst gap of the others in ms", round(max(flow.worst_gap_ms for flow in others), 1))
    facts("worst gap of node02 in ms", round(max(flow.worst_gap_ms for flow in theirs), 1))
    cut = course.cut(others)
    assert not cut, cut
    if taken:
        assert all(flow.lost for flow in theirs), "\n".join(map(str, theirs))
    elif not found:
        cut = course.cut(theirs)
        assert not cut, cut
