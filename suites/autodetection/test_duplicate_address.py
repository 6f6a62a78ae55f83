"""The same bridge on two nodes: the second to take its address dies of it, and what comes of forbidding it to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico import address_choice, address_monitor
from calicolab.evidence.signoff import AUTODETECTION
from calicolab.wait import wait_for
from suites.autodetection.conflicts import FIRST_FOUND, MYBR0

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.story import Inject
    from suites.autodetection.conftest import Hit

pytestmark = pytest.mark.needs(
    "settings of one node",
    reason="a calico-node that died is looked at, and one is told not to look for conflicts",
)

#: Seconds for confd to have another BIRD configuration checked, and for BIRD to follow one.
MESH_TIMEOUT = 60.0


@pytest.fixture(scope="module")
def second(lab: Lab, hit: Hit) -> Hit:
    """Another node that has the same bridge."""
    return type(hit).on_node(lab, lab.nodes[-1])


def test_the_first_node_takes_the_address(
    lab: Lab, hit: Hit, second: Hit, inject: Inject, phase: PhaseRecorder
) -> None:
    """mybr0 with 172.19.0.1/16 appears on one node, and calico-node starts again there: it is free to take it."""
    # The other's monitor would do within a minute what its start is to do below.
    seen = address_choice.start(lab, second.node, environment={address_monitor.INTERVAL_SETTING: "1h"})
    assert (seen.died, seen.stored) == (False, second.right), seen.said
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT)
    phase("before")
    fault = inject(MYBR0.make(hit.node.name, hit.right))
    expected = address_choice.expected(lab, hit.node)
    seen = address_choice.start(lab, hit.node)
    assert (seen.died, seen.stored, seen.interface) == (False, expected.address, expected.interface), (
        seen.said
    )
    assert seen.stored == fault.address


def test_the_second_dies_and_has_no_address_any_more(
    lab: Lab, hit: Hit, second: Hit, inject: Inject, facts: FactRecorder
) -> None:
    """`Calico node 'node02' is already using the IPv4 address 172.19.0.1.`; its own is stored no more (calico#1589)."""
    inject(MYBR0.make(second.node.name, second.right))
    expected = address_choice.expected(lab, second.node)
    seen = address_choice.start(lab, second.node)
    facts(
        AUTODETECTION,
        second.fact("docker-bridge-mybr0-twice", FIRST_FOUND, expected=expected, seen=seen),
    )
    assert (expected.outcome, expected.conflict) == ("die", hit.node.name)
    assert seen.died, seen.said
    assert not seen.lacks(expected.message), seen.said
    assert f"Calico node '{hit.node.name}' is already using the IPv4 address 172.19.0.1." in seen.said
    assert seen.stored is None


def test_it_dies_at_every_start(lab: Lab, hit: Hit, second: Hit) -> None:
    """A crash loop: the next start finds no stored address, and the same one taken."""
    expected = address_choice.expected(lab, second.node)
    seen = address_choice.start(lab, second.node)
    assert seen.died, seen.said
    assert not seen.lacks(expected.message), seen.said
    assert expected.conflict == hit.node.name
    assert seen.stored is None


def test_without_the_check_no_bird_can_be_configured_any_more(
    lab: Lab, hit: Hit, second: Hit, phase: PhaseRecorder, facts: FactRecorder
) -> None:
    """With DISABLE_NODE_IP_CHECK=true both have the address, and confd's next configuration for the others is refused.

    It names a peer after its address, so there are two of one name; BIRD goes on with the configuration that it has, on
    every node that is itself all right.
    """
    environment = {"DISABLE_NODE_IP_CHECK": "true"}
    before = hit.peer.calico.logs("confd")
    expected = address_choice.expected(lab, second.node, environment=environment)
    seen = address_choice.start(lab, second.node, environment=environment)
    assert (seen.died, seen.stored) == (False, expected.address), seen.said
    assert seen.stored == hit.stored() != hit.right
    said = wait_for(
        lambda: hit.peer.calico.logs("confd").removeprefix(before),
        until=lambda log: "Config check failed" in log,
        timeout=MESH_TIMEOUT,
    )
    phase("without the check")
    facts("confd", said[-2000:])
    assert "Symbol already defined" in said
    assert not lab.mesh().is_full


def test_with_an_address_each_the_mesh_comes_back(
    lab: Lab, hit: Hit, second: Hit, phase: PhaseRecorder
) -> None:
    """The bridges go away, calico-node starts again on both nodes, with the check, and every pair is Established."""
    for one in (hit, second):
        MYBR0.make(one.node.name, one.right).heal(lab)
        seen = address_choice.start(lab, one.node, environment={"DISABLE_NODE_IP_CHECK": "false"})
        assert (seen.died, seen.stored) == (False, one.right), seen.said
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT, consecutive=3)
    phase("after")
