"""Parts become checks, and results.json tells the truth at every moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calicolab.evidence.recorder import Effort, Part, Recorder
from calicolab.evidence.store import RunStore
from calicolab.evidence.timeline import Event
from tests.evidence.examples import LAB, a_lab, a_run

CHECK = "suites/founding/test_incident.py::test_a"


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(RunStore.create(tmp_path), a_run(finished=False))


def part(outcome: Any = "pass", *, check: str = CHECK, **values: Any) -> Part:
    return Part(check=check, lab=LAB, title="a", outcome=outcome, **values)


def test_a_check_is_as_bad_as_its_worst_part(recorder: Recorder) -> None:
    recorder.add(part(seconds=1.0))
    recorder.add(part("fail", reason="no route", seconds=2.0, evidence=["e/log.txt"]))
    recorder.add(part("inconclusive", reason="not healed", seconds=0.5, facts={"k": 1}))
    check = recorder.done(check=CHECK, lab=LAB)
    assert check.outcome == "fail"
    assert check.reason == "no route\n\nnot healed"
    assert check.duration_s == 3.5
    assert check.facts == {"k": 1}
    assert check.evidence == ["e/log.txt"]


def test_after_every_check_the_file_is_whole_and_not_yet_a_pass(recorder: Recorder) -> None:
    recorder.expect(check=CHECK, lab=LAB, title="a")
    recorder.expect(check="suites/x.py::test_b", lab=LAB, title="b")
    recorder.add(part())
    recorder.done(check=CHECK, lab=LAB)
    stored = recorder.store.read_results()
    assert [check.id for check in stored.checks] == [CHECK]
    assert stored.run.finished is None
    assert stored.verdict == "inconclusive"


def test_what_did_not_run_and_what_did_not_end_is_inconclusive(recorder: Recorder) -> None:
    recorder.expect(check=CHECK, lab=LAB, title="a")
    recorder.expect(check="suites/x.py::test_b", lab=LAB, title="b")
    recorder.began(check=CHECK, lab=LAB)
    recorder.add(part())
    results = recorder.finish(cut_short="the run was interrupted")
    assert {check.title: (check.outcome, check.reason) for check in results.checks} == {
        "a": ("inconclusive", "not ended: the run was interrupted"),
        "b": ("inconclusive", "not run: the run was interrupted"),
    }
    assert results.verdict == "inconclusive"
    assert results.run.finished is not None


def test_the_same_check_on_two_labs_is_two_checks(recorder: Recorder) -> None:
    for lab in ("netns-v3.23.2", "netns-v3.31.0"):
        recorder.add(Part(check=CHECK, lab=lab, title="a", outcome="pass"))
        recorder.done(check=CHECK, lab=lab)
    assert [check.lab for check in recorder.results().checks] == ["netns-v3.23.2", "netns-v3.31.0"]


def test_checks_stand_in_the_order_of_collection(recorder: Recorder) -> None:
    names = [f"suites/x.py::test_{number}" for number in range(5)]
    for name in names:
        recorder.expect(check=name, lab=LAB, title=name)
    for name in reversed(names):
        recorder.add(part(check=name))
        recorder.done(check=name, lab=LAB)
    assert [check.id for check in recorder.results().checks] == names


def test_a_labs_own_description_replaces_what_was_asked_for(recorder: Recorder) -> None:
    recorder.expect_lab(a_lab())
    described = type(a_lab())(
        **{**{f: getattr(a_lab(), f) for f in a_lab().__struct_fields__}, "bird": "fork"}
    )
    recorder.add(part(labs=[described]))
    assert recorder.results().labs == [described]


def test_events_of_several_workers_are_sorted(recorder: Recorder) -> None:
    recorder.add_events([Event(3.0, LAB, "down"), Event(1.0, LAB, "up")])
    assert [event.event for event in recorder.results().timeline] == ["up", "down"]


def test_the_harnesss_share_is_summed_over_processes_and_counted_once_each(recorder: Recorder) -> None:
    recorder.add(part(effort=Effort(process="gw0", wall_s=5.0, cpu_s=1.0)))
    recorder.add(part(effort=Effort(process="gw0", wall_s=10.0, cpu_s=1.5)))
    recorder.add_effort(Effort(process="gw1", wall_s=30.0, cpu_s=0.5))
    recorder.done(check=CHECK, lab=LAB)
    facts = recorder.finish(cut_short="").run.facts
    assert facts == {"checks_wall_s": 40.0, "harness_cpu_s": 2.0, "harness_share": 0.05}


def test_a_run_without_checks_is_inconclusive(recorder: Recorder) -> None:
    results = recorder.finish(cut_short="")
    assert results.verdict == "inconclusive"
    assert results.run.facts == {}
