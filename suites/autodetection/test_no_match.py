"""A method that matches nothing, or is none: calico-node goes on with what is stored, or dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico import address_choice
from calicolab.evidence.signoff import AUTODETECTION
from calicolab.wait import wait_for
from suites.autodetection.conflicts import FIRST_FOUND

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder
    from suites.autodetection.conftest import Hit

pytestmark = pytest.mark.needs(
    "settings of one node", reason="one node is told how to look for its address, and may die of it"
)

#: As after a NIC was named otherwise (kubernetes#97117).
NO_MATCH = "interface=ens192"
#: One letter too many.
NO_METHOD = "interfaces=eth0"


def test_without_a_match_it_keeps_what_is_stored(lab: Lab, hit: Hit, facts: FactRecorder) -> None:
    """`Autodetection of IPv4 address failed, keeping existing value`, and the mesh is whole: nobody notices."""
    environment = {address_choice.METHOD: NO_MATCH}
    expected = address_choice.expected(lab, hit.node, environment=environment)
    seen = address_choice.start(lab, hit.node, environment=environment)
    facts(AUTODETECTION, hit.fact("no-match", NO_MATCH, expected=expected, seen=seen))
    assert expected.outcome == "keep"
    assert (seen.died, seen.kept, seen.stored) == (False, True, hit.right), seen.said
    assert not seen.lacks(expected.message), seen.said
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60, consecutive=3)


def test_without_a_match_a_new_node_dies(lab: Lab, hit: Hit, facts: FactRecorder) -> None:
    """`Couldn't autodetect an IPv4 address`: with nothing stored, it has nothing to go on with."""
    hit.store(None)
    assert hit.stored() is None
    environment = {address_choice.METHOD: NO_MATCH}
    expected = address_choice.expected(lab, hit.node, environment=environment)
    seen = address_choice.start(lab, hit.node, environment=environment)
    facts(AUTODETECTION, hit.fact("no-match-new-node", NO_MATCH, expected=expected, seen=seen))
    assert expected.outcome == "die"
    assert seen.died, seen.said
    assert seen.stored is None
    assert not seen.lacks(expected.message), seen.said


def test_a_method_that_is_none_is_death_whatever_is_stored(lab: Lab, hit: Hit, facts: FactRecorder) -> None:
    """`Invalid IP autodetection method`: the right address is stored, and stays."""
    hit.put_right()
    environment = {address_choice.METHOD: NO_METHOD}
    expected = address_choice.expected(lab, hit.node, environment=environment)
    seen = address_choice.start(lab, hit.node, environment=environment)
    facts(AUTODETECTION, hit.fact("no-such-method", NO_METHOD, expected=expected, seen=seen))
    assert expected.outcome == "die"
    assert seen.died, seen.said
    assert seen.stored == hit.right
    assert not seen.lacks(expected.message), seen.said


def test_told_nothing_it_starts_again(lab: Lab, hit: Hit) -> None:
    """The control: the node was all right all along, and its mesh comes back."""
    seen = address_choice.start(lab, hit.node, environment={address_choice.METHOD: FIRST_FOUND})
    assert (seen.died, seen.stored) == (False, hit.right), seen.said
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60, consecutive=3)
