"""Nothing that was not seen to hold is called a pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.evidence.model import Outcome, Verdict
from calicolab.evidence.verdict import WORST_FIRST, verdict_of, worst

outcomes = st.lists(st.sampled_from(WORST_FIRST))


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (["pass"], "pass"),
        (["pass", "skip"], "pass"),
        (["pass", "inconclusive"], "inconclusive"),
        (["inconclusive", "fail", "pass"], "fail"),
        (["skip", "skip"], "inconclusive"),
        ([], "inconclusive"),
    ],
)
def test_the_rule(seen: list[Outcome], verdict: Verdict) -> None:
    assert verdict_of(seen, finished=True) == verdict


@given(outcomes)
def test_a_run_that_was_cut_off_never_passes(seen: list[Outcome]) -> None:
    assert verdict_of(seen, finished=False) == ("fail" if "fail" in seen else "inconclusive")


@given(outcomes, outcomes)
def test_more_checks_never_better_a_verdict_that_is_red(seen: list[Outcome], more: list[Outcome]) -> None:
    if verdict_of(seen, finished=True) == "fail":
        assert verdict_of(seen + more, finished=True) == "fail"
    if "inconclusive" in seen:
        assert verdict_of(seen + more, finished=True) != "pass"


def test_the_worst_phase_is_the_checks() -> None:
    assert worst(["pass", "fail", "inconclusive"]) == "fail"
    assert worst(["pass", "pass", "inconclusive"]) == "inconclusive"
    assert worst(["skip", "pass"]) == "skip"
    assert worst([]) == "inconclusive"
