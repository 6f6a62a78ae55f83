"""Kubernetes' own tests pass on a healthy cluster, and again once the incident is cured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.connectivity.matrix import everybody
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.connectivity.e2e_specs import Spec
    from calicolab.labs.base import Lab
    from fixtures.e2e import Official
    from fixtures.evidence import FactRecorder, FileRecorder, PhaseRecorder
    from fixtures.story import Inject
    from suites.connectivity.conftest import Incident

pytestmark = pytest.mark.needs("kubernetes", reason="these are Kubernetes' own tests")


def judge(official: Official, phase: str, spec: Spec, *, facts: FactRecorder, evidence: FileRecorder) -> None:
    """Have the spec's outcome as facts, its output as evidence, and fail when it did not pass."""
    result = official.result(phase, spec)
    facts("spec", spec.name)
    facts("seconds", result.seconds)
    evidence("e2e.log", result.output)
    assert result.passed, str(result)


def test_the_mesh_is_established(lab: Lab, phase: PhaseRecorder) -> None:
    """Healthy to begin with: every ordered pair is Established."""
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=20, consecutive=3)
    phase("before")


def test_it_passes_before(
    official: Official, official_spec: Spec, facts: FactRecorder, evidence: FileRecorder
) -> None:
    """The official test passes on a healthy cluster."""
    judge(official, "before", official_spec, facts=facts, evidence=evidence)


def test_a_bridge_cuts_off_a_node(
    lab: Lab, incident: Incident, inject: Inject, phase: PhaseRecorder, facts: FactRecorder
) -> None:
    """Between the two the cluster is broken, so that the second pass means a cure: its pods are cut off."""
    inject(incident.bridge)
    incident.take(lab)
    matrix = wait_for(
        lambda: everybody(lab.pods), until=lambda matrix: not matrix.wrong(incident.reaches), timeout=60
    )
    phase("during")
    facts("pods", matrix.to_facts())
    assert matrix.broken, matrix.explain(incident.reaches)


def test_the_cure_brings_the_mesh_back(
    lab: Lab, incident: Incident, phase: PhaseRecorder, facts: FactRecorder
) -> None:
    """The bridge is taken away and the address corrected: mesh, readiness, and every pod reaches every other."""
    incident.cure(lab)
    phase("after")
    matrix = wait_for(lambda: everybody(lab.pods), until=lambda matrix: matrix.is_full, timeout=30)
    facts("pods", matrix.to_facts())
    assert matrix.is_full


def test_it_passes_after(
    official: Official, official_spec: Spec, facts: FactRecorder, evidence: FileRecorder
) -> None:
    """The official test passes again after the cure."""
    judge(official, "after", official_spec, facts=facts, evidence=evidence)
