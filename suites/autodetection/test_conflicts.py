"""An address too many appears, and calico-node starts again: which version takes it, and what becomes of the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico import address_choice
from calicolab.evidence.signoff import AUTODETECTION
from calicolab.wait import wait_for
from suites.autodetection.conflicts import CONFLICTS, FIRST_FOUND

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from suites.autodetection.conflicts import Conflict
    from suites.autodetection.conftest import Hit

#: Seconds for BIRD to have its sessions, or to be refused, on a busy machine.
MESH_TIMEOUT = 60.0


@pytest.mark.parametrize("conflict", CONFLICTS, ids=str)
def test_first_found(
    lab: Lab, hit: Hit, conflict: Conflict, facts: FactRecorder, phase: PhaseRecorder
) -> None:
    """first-found, which is what calico-node does when it is told nothing, does as the model says.

    v3.24 and older take br-* and podman0, v3.25 and newer do not; every version takes mybr0, tun0, a second NIC and a
    virtual address that comes first. A node that took an address which is not its own is lost to its peers.
    """
    if lab.kind in conflict.cannot:
        pytest.skip(conflict.cannot[lab.kind])
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT)
    with hit.by(conflict) as fault:
        expected = address_choice.expected(lab, hit.node)
        seen = address_choice.start(lab, hit.node)
        facts(AUTODETECTION, hit.fact(conflict.id, FIRST_FOUND, expected=expected, seen=seen))
        assert fault.injected(lab), f"without {fault.interface} this proves nothing"
        assert not seen.died, seen.said
        assert (seen.stored, seen.interface) == (expected.address, expected.interface), seen.said
        assert not seen.lacks(expected.message), seen.said
        taken = conflict.is_taken(FIRST_FOUND, lab.calico_version)
        assert seen.stored == (fault.address if taken else hit.right), seen.said
        if taken:
            wait_for(
                lab.mesh,
                until=lambda mesh: hit.is_lost(mesh, fault.host, reachable=conflict.reachable),
                timeout=MESH_TIMEOUT,
            )
        else:
            wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT, consecutive=3)
        phase(str(conflict))
