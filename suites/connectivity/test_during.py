"""While the bridge's address is taken, just what must be cut is cut, and an official test fails for that reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.connectivity.e2e_specs import PODS_TO_PODS
from calicolab.connectivity.matrix import everybody
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.e2e import Official
    from fixtures.evidence import FactRecorder, FileRecorder, PhaseRecorder
    from fixtures.story import Inject
    from suites.connectivity.conftest import Incident

pytestmark = pytest.mark.needs("kubernetes", reason="an official test of Kubernetes is run")

#: Seconds. On a healthy cluster the spec takes 18.
TIMEOUT = 60.0
#: Seconds for Kubernetes to place pods on the faulty node. From v3.31 on a calico-node that starts waits up to five
#: minutes for BIRD's sessions before it calls its network available (node/cmd/calico-node/main.go, -complete-startup).
PLACED_TIMEOUT = 330.0


def test_every_pod_reaches_every_other(lab: Lab, phase: PhaseRecorder, facts: FactRecorder) -> None:
    """Healthy to begin with."""
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=20, consecutive=3)
    phase("before")
    matrix = wait_for(lambda: everybody(lab.pods), until=lambda matrix: matrix.is_full, timeout=30)
    facts("pods", matrix.to_facts())
    assert matrix.is_full


def test_just_the_faulty_nodes_pods_are_cut_off(
    lab: Lab,
    incident: Incident,
    inject: Inject,
    phase: PhaseRecorder,
    facts: FactRecorder,
    evidence: FileRecorder,
) -> None:
    """Every pair with a pod of node02 in it, both ways, and no other."""
    inject(incident.bridge)
    incident.take(lab)
    matrix = wait_for(
        lambda: everybody(lab.pods), until=lambda matrix: not matrix.wrong(incident.reaches), timeout=60
    )
    phase("during")
    facts("pods", matrix.to_facts())
    evidence("pods.txt", matrix.explain(incident.reaches))
    assert any(result.reached for result in matrix.results), "a matrix that reaches nothing proves nothing"
    assert matrix.broken


def test_an_official_test_fails(
    lab: Lab, incident: Incident, official: Official, facts: FactRecorder, evidence: FileRecorder
) -> None:
    """As expected: pods to pods over HTTP, which the incident's users ran, does not find the node's endpoint.

    It has one on each node where Kubernetes places pods, so it would pass without the faulty one.
    """
    facts("kept off", lab.kubernetes.keeps_pods_off(incident.faulty.name))
    wait_for(
        lambda: lab.kubernetes.keeps_pods_off(incident.faulty.name),
        until=lambda reasons: not reasons,
        timeout=PLACED_TIMEOUT,
    )
    result = official.alone(PODS_TO_PODS, timeout=TIMEOUT, system_may_be_unready=True)
    facts("spec", PODS_TO_PODS.name)
    facts("expected", "failed")
    facts("observed", result.state)
    facts("message", result.message)
    evidence("e2e.log", result.output)
    assert result.outcome == "failed", f"it must not pass while {incident.faulty.name} is cut off: {result}"
    assert "Waiting for responses: map[netserver-" in result.output, (
        f"it failed for another reason than an endpoint that is not reached: {result}"
    )


def test_it_passes_once_the_fault_is_cured(
    lab: Lab,
    incident: Incident,
    official: Official,
    phase: PhaseRecorder,
    facts: FactRecorder,
    evidence: FileRecorder,
) -> None:
    """The control: the same test, in the same time. Nothing but the fault has changed."""
    incident.cure(lab)
    phase("after")
    result = official.alone(PODS_TO_PODS, timeout=TIMEOUT)
    facts("seconds", result.seconds)
    evidence("e2e.log", result.output)
    assert result.passed, str(result)
