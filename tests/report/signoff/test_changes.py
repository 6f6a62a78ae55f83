"""What changed since last night."""

from __future__ import annotations

from pathlib import Path

import pytest

from calicolab.evidence.model import CheckRecord
from tests.report.signoff.examples import Reports, check, lab
from tests.report.signoff.pages import Element, report

ON = lab("v3.23.2")


def one(name: str, outcome: str = "pass", seconds: float = 1.0) -> CheckRecord:
    return check("founding/test_incident.py", f"test_{name}", ON, outcome=outcome, duration_s=seconds)


@pytest.fixture
def changes(reports: Reports, page: Path) -> Element:
    """One check for each thing that can become of one."""
    kept = {"red": "fail", "dropped": "pass", "worse": "inconclusive"}
    before = reports.add(
        *(one(name, was) for name, was in kept.items()),
        *(one("broke"), one("mended", "fail"), one("left", "pass"), one("slow_and_red")),
        *(one("crept", seconds=2.0), one("jittered", seconds=2.0), one("tiny", seconds=0.1)),
    )
    now = reports.add(
        *(one("broke", "fail"), one("mended"), one("left", "skip"), one("slow_and_red", "fail", 9.0)),
        *(one("crept", seconds=3.5), one("jittered", seconds=2.9), one("tiny", seconds=0.9)),
        *(one("red", "fail"), one("added"), one("new", "inconclusive"), one("worse", "fail")),
    )
    code, made = report(now, to=page, options=("--since", str(before)))
    assert code == 1
    return made.by_id("changes")


def test_each_change_stands_under_its_heading(changes: Element) -> None:
    assert (
        "Since 20261123-120000-000000: 4 new red, 1 still red, 1 new green, 1 newly skipped, 1 gone, 1 slower"
        in changes.text
    )
    red = [row.all("td")[0].text for row in changes.by_id("new-red").all("tbody")[0].all("tr")]
    assert red == ["test broke", "test slow and red", "test new", "test worse"]
    assert "not there" in changes.by_id("new-red").row("test new").text
    assert changes.by_id("new-green").row("test mended").text == "test mended netns-v3.23.2 ✗ FAIL ✓ pass"
    assert "test left" in changes.by_id("newly-skipped").text
    assert "test red" in changes.by_id("still-red").text
    gone = "suites/founding/test_incident.py on netns-v3.23.2, 1 check: test_dropped"
    assert gone in changes.by_id("gone").text


def test_only_what_takes_half_again_as_long_and_a_second_more_is_slower(changes: Element) -> None:
    rows = changes.by_id("slower").all("tbody")[0].all("tr")
    assert [row.text for row in rows] == ["test crept netns-v3.23.2 2.0 s 3.5 s 1.8"]


def test_a_night_like_the_one_before(reports: Reports, page: Path) -> None:
    before, now = reports.add(one("a")), reports.add(one("a"))
    code, made = report(now, to=page, options=("--since", str(before)))
    assert code == 0
    assert "nothing else changed" in made.by_id("changes").text


def test_an_earlier_run_that_cannot_be_read_is_said_and_changes_no_verdict(
    reports: Reports, page: Path
) -> None:
    before, now = reports.add(one("a")), reports.add(one("a"))
    (before / "results.json").write_text('{"schema": 1, "run')
    code, made = report(now, to=page, options=("--since", str(before)))
    assert code == 0
    assert "cut off or damaged" in made.by_id("changes").text
