"""The founding incident on v3.25 and later: the bridge is there, calico-node starts again, and nothing happens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calicolab.calico.start import STARTED
from calicolab.connectivity.matrix import everybody
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.story import Inject
    from suites.founding.conftest import Incident

pytestmark = pytest.mark.calico(
    ">=3.25", reason="earlier versions take the address of bridges named br-*: see test_incident.py"
)


def addresses(lab: Lab) -> dict[str, str | None]:
    """Every node's BGP address, as the datastore holds it."""
    return {address.node: address.ipv4 for address in lab.calicoctl.node_addresses()}


def test_the_mesh_is_established_and_pods_talk(lab: Lab, phase: PhaseRecorder, facts: FactRecorder) -> None:
    """Healthy to begin with: every ordered pair Established, every pair of pods reached."""
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=20, consecutive=3)
    phase("before")
    matrix = everybody(lab.pods)
    facts("pods", matrix.to_facts())
    assert matrix.is_full, matrix.explain(lambda source, target: True)


def test_calico_node_keeps_eth0(lab: Lab, incident: Incident, inject: Inject) -> None:
    """The bridge appears, calico-node starts again, and the log says that eth0 was taken."""
    inject(incident.bridge)
    before = incident.faulty.calico.logs()
    incident.faulty.calico.restart()
    said = wait_for(
        lambda: incident.faulty.calico.logs().removeprefix(before),
        until=lambda log: STARTED in log,
        timeout=60,
    )
    assert f"interface eth0: {incident.right_address}" in said
    # Felix, whose log is in a pod's as well, names every interface that it sees; this one is not to be taken.
    assert f"autodetected IPv4 address on interface {incident.bridge.bridge}" not in said
    assert addresses(lab)[incident.faulty.name] == incident.right_address


def test_the_mesh_is_untouched(lab: Lab, incident: Incident, phase: PhaseRecorder) -> None:
    """With the bridge present every ordered pair is Established, three times running, and no stranger is dialled."""
    mesh = wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=30, consecutive=3, interval=0.5)
    phase("during")
    assert mesh.strangers == ()
    assert incident.bridge.injected(lab), "without the bridge this proves nothing"


def test_every_node_is_ready(lab: Lab) -> None:
    """The probe agrees."""
    for node in lab.nodes:
        wait_for(node.calico.readiness, until=lambda probe: probe.ready, timeout=40)


def test_pods_still_talk(lab: Lab, facts: FactRecorder) -> None:
    """TCP, UDP and a 1 MB transfer, both ways, across every pair of nodes."""
    matrix = everybody(lab.pods)
    facts("pods", matrix.to_facts())
    assert matrix.is_full, matrix.explain(lambda source, target: True)


def test_a_bridge_of_another_name_is_taken_all_the_same(
    lab: Lab, incident: Incident, inject: Inject, phase: PhaseRecorder
) -> None:
    """The control: only the name protects. A bridge called mybr0 is taken, so this story would have seen it."""
    inject(replace(incident.bridge, bridge="mybr0", address="172.19.0.1/16"))
    incident.faulty.calico.restart()
    wait_for(
        lambda: addresses(lab),
        until=lambda stored: stored[incident.faulty.name] == "172.19.0.1/16",
        timeout=60,
    )
    mesh = wait_for(lab.mesh, until=lambda mesh: bool(mesh.strangers), timeout=30)
    phase("control: mybr0")
    assert not mesh.is_full
