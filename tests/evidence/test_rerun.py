"""What is run again: whole stories that hold something that was not green, on the labs as they were."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from calicolab.errors import UsageError
from calicolab.evidence.model import LabRecord, Results
from calicolab.evidence.rerun import plan
from calicolab.evidence.shards import Story
from calicolab.labs.asked import SUBNET, Asked
from tests.evidence.examples import LAB, STARTED, a_check, a_lab, a_run, some_results

FILE = "suites/founding/test_incident.py"
OTHER = "suites/readiness/test_blind_spots.py"


def later(results: Results, *, labs: list[LabRecord] | None = None) -> Results:
    run = msgspec.structs.replace(
        a_run(), id="later", started=STARTED + timedelta(hours=1), command="pytest x"
    )
    return msgspec.structs.replace(results, run=run, labs=labs or results.labs)


def test_the_stories_with_something_red_are_run_again_whole() -> None:
    again = plan(
        [
            some_results(
                a_check("a"), a_check("b", "fail"), a_check("c", "inconclusive"), a_check("d", id=f"{OTHER}::d"),
                a_check("e", "skip", id="suites/x/test_y.py::e"),
            )
        ],
        subnet=SUBNET,
    )  # fmt: skip
    assert again.stories == {Story(LAB, FILE)}
    assert again.checks == {(LAB, f"{FILE}::b"), (LAB, f"{FILE}::c")}
    assert again.labs == (Asked("netns", "v3.23.2"),)
    assert again.runs == ("20261123-110000-000000",)


def test_what_was_green_in_a_later_run_is_not() -> None:
    early, late = some_results(a_check("a", "fail")), later(some_results(a_check("a")))
    assert not plan([late, early], subnet=SUBNET).stories
    assert plan([early], subnet=SUBNET).stories
    assert not plan([], subnet=SUBNET).stories


def test_labs_are_as_they_were() -> None:
    lab = msgspec.structs.replace(
        a_lab(), id="kind-v3.31.0", kind="kind", calico="v3.31.0", nodes=5, control_planes=3
    )
    results = later(some_results(a_check("a", "fail", lab=lab.id)), labs=[a_lab(), lab])
    assert plan([results], subnet="10.1.2.0/24").labs == (
        Asked("kind", "v3.31.0", nodes=5, control_planes=3, subnet="10.1.2.0/24"),
    )


def test_different_labs_of_the_same_name_are_refused() -> None:
    other = later(some_results(a_check("b", "fail")), labs=[msgspec.structs.replace(a_lab(), nodes=5)])
    with pytest.raises(UsageError, match=f"different labs {LAB}: run what failed of each by itself"):
        plan([some_results(a_check("a", "fail")), other], subnet=SUBNET)


def test_a_lab_of_which_nothing_is_known_is_refused() -> None:
    results = later(some_results(a_check("b", "fail")), labs=[msgspec.structs.replace(a_lab(), source=None)])
    with pytest.raises(UsageError, match=f"do not say how lab {LAB} can be brought up again"):
        plan([results], subnet=SUBNET)
