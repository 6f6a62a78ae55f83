"""Several runs as one: what counts of a check that was run more than once, and that the rest is not hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from calicolab.evidence.model import CheckRecord, Outcome
from calicolab.evidence.signoff import CURE
from tests.report.signoff.examples import Reports, check, cure, lab
from tests.report.signoff.pages import report

ON = lab("v3.23.2")
FILE = "founding/test_incident.py"


def outcome(came_to: str, name: str = "test_a") -> CheckRecord:
    return check(FILE, name, ON, outcome=came_to)


@pytest.mark.parametrize(
    ("earlier", "later", "counts"),
    [
        ("fail", "pass", "pass"),
        ("pass", "fail", "fail"),
        ("inconclusive", "pass", "pass"),
        ("pass", "inconclusive", "inconclusive"),
        ("skip", "pass", "pass"),
        # A red stays until its question is answered again, and what was looked at is not skipped away.
        ("fail", "inconclusive", "fail"),
        ("fail", "skip", "fail"),
        ("inconclusive", "skip", "inconclusive"),
        ("pass", "skip", "pass"),
    ],
)
def test_the_later_answer_counts(
    reports: Reports, page: Path, earlier: Outcome, later: Outcome, counts: str
) -> None:
    runs = [reports.add(outcome(earlier)), reports.add(outcome(later))]
    code, made = report(*reversed(runs), to=page)
    assert code == {"pass": 0, "fail": 1, "inconclusive": 6}[counts], "in whatever order they are named"
    words = {"pass": "✓ pass", "fail": "✗ FAIL", "inconclusive": "? inconclusive"}
    assert words[counts] in made.by_id("checks").row("test_a").text
    superseded = made.by_id("superseded").row("test a")
    assert runs[0].name in superseded.text
    assert runs[1].name in superseded.text


def test_a_red_that_turned_green_is_said_under_the_verdict(reports: Reports, page: Path) -> None:
    first = reports.add(outcome("fail"), outcome("pass", "test_b"))
    second = reports.add(outcome("pass"))
    code, made = report(first, second, to=page)
    assert code == 0
    row = made.by_id("turned-green").row("test a")
    assert row.text == f"test a netns-v3.23.2 ✗ FAIL {first.name} why test_a ✓ pass {second.name}"
    assert "Every check held the first time" not in made.by_id("attention").text


def test_the_same_check_on_another_lab_is_another_one(reports: Reports, page: Path) -> None:
    """A lab's id does not tell how many nodes or control planes it has."""
    three = lab("v3.23.2", kind="kind", control_planes=3)
    one = lab("v3.23.2", kind="kind")
    runs = [
        reports.add(check(FILE, "test_a", three, outcome="fail"), labs=[three]),
        reports.add(check(FILE, "test_a", one), labs=[one]),
    ]
    code, made = report(*runs, to=page)
    assert code == 1
    assert not made.has_id("superseded")
    assert made.by_id("sources").row("3, 3 control planes")


def test_a_lab_that_never_came_up_is_the_one_that_did_the_next_time(reports: Reports, page: Path) -> None:
    """What is known of a lab before it came up lacks its control planes."""
    asked = lab(
        "v3.23.2", kind="kind", control_planes=0, etcd=None, kubernetes=None, provenance={}, changes=[]
    )
    there = lab("v3.23.2", kind="kind")
    runs = [
        reports.add(check(FILE, "test_a", asked, outcome="inconclusive"), labs=[asked]),
        reports.add(check(FILE, "test_a", there), labs=[there]),
    ]
    code, made = report(*runs, to=page)
    assert code == 0
    assert "v1.34.4" in made.by_id("sources").row("kind-v3.23.2", "3 members").text


def test_parts_that_changed_between_two_runs_are_both_listed(reports: Reports, page: Path) -> None:
    old, new = (
        lab("v3.23.2", provenance={"etcd": "debian 1"}),
        lab("v3.23.2", provenance={"etcd": "debian 2"}),
    )
    runs = [
        reports.add(outcome("pass"), labs=[old]),
        reports.add(outcome("pass", "test_b"), labs=[new]),
    ]
    _, made = report(*runs, to=page)
    assert made.by_id("sources").row("etcd debian 1")
    assert made.by_id("sources").row("etcd debian 2")


def test_a_check_without_a_lab_counts_too(reports: Reports, page: Path) -> None:
    code, made = report(reports.add(check(FILE, "test_a", ON, lab="")), to=page)
    assert code == 0
    assert made.by_id("checks").row("test_a").marks("ok")


def test_what_had_not_been_reached_is_counted_and_not_listed(reports: Reports, page: Path) -> None:
    not_reached = check(FILE, "test_b", ON, outcome="inconclusive", reason="not reached: test_a failed")
    first = reports.add(outcome("fail"), not_reached)
    second = reports.add(outcome("pass"), outcome("pass", "test_b"), facts={"rerun_of": [first.name]})
    code, made = report(first, second, to=page)
    assert code == 0
    green = made.by_id("turned-green")
    assert len(green.all("tbody")[0].all("tr")) == 1
    assert "And 1 check that had not been reached or run before." in green.text
    assert "again what was not green" in made.by_id("runs").row(second.name, "20 min").text


def test_an_empty_shard_is_there_all_the_same(reports: Reports, page: Path) -> None:
    """There may be fewer stories than shards."""
    full = reports.add(outcome("pass"), facts={"shard": "1/2"})
    empty = reports.add(labs=[ON], facts={"shard": "2/2", "nothing_to_do": "shard 2/2 has nothing to do"})
    code, made = report(full, empty, to=page)
    assert code == 0
    assert "shard 2/2 has nothing to do" in made.by_id("runs").row(empty.name, "20 min").text


def test_runs_with_controls_in_between_are_named(reports: Reports, page: Path) -> None:
    """A report to sign comes from a run without them (docs/controls.md)."""
    run = reports.add(check(FILE, "test_a", ON, {"controls": ["felix-down"]}))
    _, made = report(run, to=page)
    assert f"Positive controls ran in between in {run.name}" in made.by_id("notes").text


@pytest.mark.parametrize("written", ["--monitor-interval default", "--monitor-interval=default"])
def test_a_check_that_was_asked_in_another_way_takes_no_place(
    reports: Reports, page: Path, written: str
) -> None:
    """The night tries cures with a short interval of calico-node's monitor, and again with its own."""
    fact = cure(ON, "cidr")
    name = ("remediation/test_cures.py", "test_it_lasts[cidr]")
    short = reports.add(check(*name, ON, {CURE: fact}, outcome="fail"), command="pytest suites --calico all")
    long = reports.add(check(*name, ON, {CURE: fact}), command=f"pytest suites/remediation {written}")
    code, made = report(short, long, to=page)
    assert code == 1
    assert not made.has_id("turned-green")
    heads = made.by_id("cures").all("thead")[0].all("th")
    assert [one.text for one in heads] == ["Cure", "v3.23.2", f"v3.23.2 {written}"]
    overview = made.by_id("cures").all("table")[0]
    assert (overview.marks("bad"), overview.marks("ok")) == (["✗ lasts"], ["✓ lasts"])
