"""An address too many is there, and calico-node is told how to look for its own: which method finds the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico import address_choice
from calicolab.evidence.signoff import AUTODETECTION
from suites.autodetection.conflicts import CONFLICTS

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder
    from suites.autodetection.conflicts import Conflict
    from suites.autodetection.conftest import Hit

pytestmark = pytest.mark.needs("settings of one node", reason="one node is told how to look for its address")

CELLS = [
    pytest.param(conflict, method, id=f"{conflict}-{method.format(network='own-network', peer='peer')}")
    for conflict in CONFLICTS
    for method in conflict.methods
]


@pytest.mark.parametrize(("conflict", "method"), CELLS)
def test_method(lab: Lab, hit: Hit, conflict: Conflict, method: str, facts: FactRecorder) -> None:
    """A method, set against an address too many, does as the model says.

    Naming the NIC, its network, a peer or what to pass over keeps every version to the right address, but for a virtual
    address that comes first: only a look at the way to a peer keeps clear of that. Careless patterns take what they
    match.
    """
    environment = {address_choice.METHOD: hit.filled_in(method)}
    with hit.by(conflict) as fault:
        expected = address_choice.expected(lab, hit.node, environment=environment)
        seen = address_choice.start(lab, hit.node, environment=environment)
        # What is asked is stored by now; what the mesh makes of an address is looked at in test_conflicts.py.
        hit.node.calico.stop()
        facts(AUTODETECTION, hit.fact(conflict.id, hit.filled_in(method), expected=expected, seen=seen))
        assert fault.injected(lab), f"without {fault.interface} this proves nothing"
        assert not seen.died, seen.said
        assert (seen.stored, seen.interface) == (expected.address, expected.interface), seen.said
        assert not seen.lacks(expected.message), seen.said
        taken = conflict.is_taken(method, lab.calico_version)
        assert seen.stored == (fault.address if taken else hit.right), seen.said
