"""A shop with policies: all open, default deny, then allowed step by step; every pair, expected and observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.connectivity.policy_demo import OPEN, STEPS, PolicyDemo, Step
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.labs.base import Lab
    from fixtures.evidence import FactRecorder, FileRecorder
    from fixtures.steps import StepRecorder

pytestmark = pytest.mark.needs("kubernetes", reason="the demo's policies are Kubernetes' own")

#: Seconds for Felix to have a policy in the kernel on every node.
POLICY_TIMEOUT = 30.0


@pytest.fixture(scope="module")
def demo(lab: Lab) -> Iterator[PolicyDemo]:
    """The shop's pods, one after the other on the lab's nodes."""
    with PolicyDemo(
        lab.kubernetes, image=lab.pod_image, nodes=[node.name for node in lab.nodes]
    ) as pods_of_the_shop:
        yield pods_of_the_shop


def as_expected(demo: PolicyDemo, step: Step, *, facts: FactRecorder, evidence: FileRecorder) -> None:
    """Every ordered pair by TCP and by UDP is as the step declares."""
    matrix = wait_for(
        demo.look,
        until=lambda matrix: not matrix.differing(step.expects),
        timeout=POLICY_TIMEOUT,
        consecutive=2,
    )
    facts("pods", matrix.to_facts())
    facts("open ways", len(step.open))
    evidence("pods.txt", matrix.side_by_side(step.expects))
    assert len(matrix.results) == len(OPEN.open)
    assert any(result.reached for result in matrix.results), "a matrix that reaches nothing proves nothing"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_who_reaches_whom(
    demo: PolicyDemo, step: Step, steps: StepRecorder, facts: FactRecorder, evidence: FileRecorder
) -> None:
    """Each step's policies, and those before it, open just the ways that it declares, and close the others."""
    steps(step.sentence)
    # Those before it as well: each step stands by itself, whatever became of the others.
    for one in STEPS[: STEPS.index(step) + 1]:
        demo.take(one)
    as_expected(demo, step, facts=facts, evidence=evidence)


def test_without_policies_all_is_open_again(
    demo: PolicyDemo, steps: StepRecorder, facts: FactRecorder, evidence: FileRecorder
) -> None:
    """It was the policies that closed them: once they are withdrawn every pod reaches every other."""
    steps("the policies are withdrawn")
    demo.withdraw()
    as_expected(demo, OPEN, facts=facts, evidence=evidence)
