"""Faults are proved, healed in reverse order, and their healing never hides what came before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from calicolab.errors import FaultError, LabError
from calicolab.evidence.timeline import Timeline
from calicolab.faults import ledger as ledger_module
from calicolab.faults.ledger import FaultLedger

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "PROOF_TIMEOUT", 0.01)


@dataclass
class Noted:
    """A fault that notes what is done to it."""

    name: str
    done: list[str]
    takes: bool = True
    heals: bool = True
    breaks_while_healing: bool = False
    node: str = ""
    story: str = ""
    there: bool = field(default=False)

    def applies_to(self, version: str, lab_kind: str) -> bool:
        return True

    def inject(self, lab: Lab) -> None:
        self.done.append(f"inject {self.name}")
        self.there = self.takes

    def injected(self, lab: Lab) -> bool:
        return self.there

    def heal(self, lab: Lab) -> None:
        self.done.append(f"heal {self.name}")
        if self.breaks_while_healing:
            raise LabError(f"{self.name} is stuck")
        self.there = self.there and not self.heals

    def healed(self, lab: Lab) -> bool:
        return not self.there


@pytest.fixture
def ledger() -> FaultLedger:
    return FaultLedger(cast("Lab", SimpleNamespace(id="netns-test", timeline=Timeline(), nodes=[])))


def test_a_fault_is_healed_on_the_way_out(ledger: FaultLedger) -> None:
    done: list[str] = []
    with ledger.injected(Noted("one", done)) as one:
        assert ledger.active == (one,)
    assert done == ["inject one", "heal one"]
    assert not ledger.active


def test_a_fault_that_does_not_take_is_said_and_healed_all_the_same(ledger: FaultLedger) -> None:
    done: list[str] = []
    with (
        pytest.raises(FaultError, match="one was not injected"),
        ledger.injected(Noted("one", done, takes=False)),
    ):
        pytest.fail("never reached")
    ledger.heal_all()
    assert done == ["inject one", "heal one"]


def test_a_fault_that_does_not_heal_is_said_and_kept(ledger: FaultLedger) -> None:
    with (
        pytest.raises(FaultError, match="one was not healed"),
        ledger.injected(Noted("one", [], heals=False)),
    ):
        pass
    assert len(ledger.active) == 1


def test_all_are_healed_in_reverse_whichever_breaks(ledger: FaultLedger) -> None:
    done: list[str] = []
    for fault in (
        Noted("one", done, breaks_while_healing=True),
        Noted("two", done, heals=False),
        Noted("three", done),
    ):
        ledger.inject(fault)
    done.clear()
    with pytest.raises(ExceptionGroup) as caught:
        ledger.heal_all()
    assert done == ["heal three", "heal two", "heal one"]
    assert [str(error).split(":")[0] for error in caught.value.exceptions] == [
        "two was not healed",
        "one is stuck",
    ]


def test_what_went_wrong_first_is_not_hidden_by_the_healing(ledger: FaultLedger) -> None:
    with (
        pytest.raises(BaseExceptionGroup) as caught,
        ledger.injected(Noted("one", [], breaks_while_healing=True)),
    ):
        raise AssertionError("the mesh is down")
    assert [str(error) for error in caught.value.exceptions] == ["the mesh is down", "one is stuck"]


def test_what_goes_wrong_meanwhile_comes_out_as_it_is(ledger: FaultLedger) -> None:
    with pytest.raises(AssertionError, match="the mesh is down"), ledger.injected(Noted("one", [])):
        raise AssertionError("the mesh is down")
