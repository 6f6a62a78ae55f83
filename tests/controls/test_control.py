"""A control finds a check that is not red, or red for another reason; and nothing of it stays."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from calicolab import wait
from calicolab.errors import LabError
from calicolab.evidence.timeline import Timeline
from calicolab.wait import wait_for
from tests.controls.control import Sabotage, run_sabotaged
from tests.controls.sabotages import injecting
from tests.controls.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.controls.control import Outcome, Scene


@dataclass
class SomeLab:
    id: str = "some"
    up: bool = True
    timeline: Timeline = field(default_factory=Timeline)
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def fault(self, fault: str) -> Iterator[str]:
        self.timeline.add("fault-injected", lab=self.id)
        self.faults.append(fault)
        try:
            yield fault
        finally:
            self.faults.remove(fault)


@contextmanager
def taken_down(scene: Scene) -> Iterator[None]:
    scene.lab.up = False
    try:
        yield
    finally:
        scene.lab.up = True


def sabotage(says: str = "it is down", **options: Any) -> Sabotage:
    return Sabotage("down", "it is taken down", **{"act": taken_down, "says": says, **options})


def control(check: Callable[..., object], one: Sabotage | None = None, **arguments: Any) -> Outcome:
    module = sys.modules[__name__]
    lab = arguments.setdefault("lab", SomeLab())
    return run_sabotaged(check, one or sabotage(), lab=lab, module=module, arguments=arguments)


def check_that_sees_it(lab: SomeLab) -> None:
    assert lab.up, "it is down"


def check_that_cannot_fail(lab: SomeLab) -> None:
    del lab


def check_that_breaks(lab: SomeLab) -> None:
    if not lab.up:
        raise LabError("no route to host")


def check_that_waits(lab: SomeLab) -> None:
    wait_for(lambda: lab.up, until=bool, timeout=60)


def test_a_check_that_sees_it_is_red() -> None:
    lab = SomeLab()
    outcome = control(check_that_sees_it, lab=lab)
    assert (outcome.red, outcome.said) == (True, "it is down")
    assert lab.up


def test_a_check_that_cannot_fail_is_found() -> None:
    outcome = control(check_that_cannot_fail)
    assert (outcome.red, outcome.said) == (False, "passed")


def test_an_error_is_no_assertion() -> None:
    outcome = control(check_that_breaks)
    assert (outcome.red, outcome.said) == (False, "was not asked: LabError: no route to host")


def test_red_for_another_reason_is_not_enough() -> None:
    outcome = control(check_that_sees_it, sabotage(says="no session"))
    assert not outcome.red
    assert outcome.said.startswith("was red without saying 'no session': it is down")


def test_an_assertion_of_somebody_else_is_not_enough() -> None:
    def check(lab: SomeLab) -> None:
        del lab
        pytest.importorskip("json")
        exec(compile("assert False, 'it is down'", "/elsewhere/helper.py", "exec"))  # noqa: S102 - a file elsewhere

    outcome = control(check)
    assert (outcome.red, outcome.said) == (False, "an assertion elsewhere did not hold: it is down")


def test_the_line_that_says_it_is_shown() -> None:
    def check(lab: SomeLab) -> None:
        assert lab.up, f"first\n  it is down {'x' * 1000}\nlast"

    said = control(check).said
    assert said.startswith("it is down xxx")
    assert len(said) < 300


def test_a_wait_is_cut_short() -> None:
    started = time.monotonic()
    outcome = control(check_that_waits, sabotage(says="last state: False", patience=0.1))
    assert outcome.red
    assert time.monotonic() - started < 10
    assert wait_for is wait.wait_for


def test_a_wait_that_holds_is_not_cut_short() -> None:
    def check(lab: SomeLab) -> None:
        until = time.monotonic() + 0.2
        wait_for(lambda: time.monotonic() > until, until=bool, timeout=60)
        assert lab.up, "it is down"

    assert control(check, sabotage(patience=0.3)).red


def test_with_evidence_a_wait_lasts_until_there_is_some() -> None:
    ripe_at = time.monotonic() + 0.3

    @contextmanager
    def act(scene: Scene) -> Iterator[None]:
        scene.ripe = lambda: time.monotonic() > ripe_at
        with taken_down(scene):
            yield

    outcome = control(check_that_waits, sabotage(says="last state: False", act=act, patience=0.0))
    assert outcome.red
    (made,) = outcome.waits.made
    assert made.on_evidence
    assert time.monotonic() > ripe_at


def waited(seconds: float) -> Waits:
    real = Waits()
    until = time.monotonic() + seconds
    real.timed()(lambda: time.monotonic() > until, until=bool, timeout=60)
    return real


def test_a_wait_that_takes_as_long_for_real_proves_nothing() -> None:
    outcome = control(check_that_waits, sabotage(says="last state: False", patience=0.05))
    outcome.compare(waited(0.3))
    assert not outcome.red
    assert outcome.said.startswith("was given up after 0.")
    assert "more patience is needed" in outcome.said


def test_a_wait_that_is_shorter_for_real_proves_it() -> None:
    outcome = control(check_that_waits, sabotage(says="last state: False", patience=0.3))
    outcome.compare(waited(0.05))
    assert outcome.red


def test_what_the_check_records_and_injects_is_forgotten() -> None:
    lab = SomeLab()
    told: list[object] = []
    timeline = lab.timeline

    def check(lab: SomeLab, facts: Any, phase: Any, inject: Any) -> None:
        facts("message", "sabotaged")
        phase("during")
        assert inject("bridge") == "bridge"
        assert lab.faults == ["bridge"]
        assert lab.up, "it is down"

    outcome = control(check, lab=lab, facts=told.append, phase=told.append, inject=told.append)
    assert outcome.red
    assert told == []
    assert lab.faults == []
    assert lab.timeline is timeline
    assert timeline.events == []


def test_another_fault_is_injected() -> None:
    @contextmanager
    def act(scene: Scene) -> Iterator[None]:
        injecting(scene, lambda fault: f"other {fault}", then=lambda: scene.lab.faults.append("more"))
        yield
        scene.lab.faults.remove("more")

    def check(lab: SomeLab, inject: Any) -> None:
        inject("bridge")
        assert lab.faults == ["bridge"], str(lab.faults)

    lab = SomeLab()
    outcome = control(check, sabotage(says="other bridge.*more", act=act), lab=lab, inject=None)
    assert outcome.red, outcome.said
    assert lab.faults == []


def test_a_sabotage_that_cannot_be_done_is_no_outcome() -> None:
    def act(scene: Scene) -> Any:
        raise LabError("BIRD does not answer")

    lab = SomeLab()
    timeline = lab.timeline
    with pytest.raises(LabError, match="BIRD does not answer"):
        control(check_that_sees_it, sabotage(act=act), lab=lab)
    assert lab.timeline is timeline


def test_what_is_patched_is_put_back() -> None:
    def act(scene: Scene) -> Any:
        scene.patch.setattr(scene.lab, "up", False)
        return nullcontext()

    lab = SomeLab()
    assert control(check_that_sees_it, sabotage(act=act), lab=lab).red
    assert lab.up
