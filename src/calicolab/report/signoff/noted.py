"""What a check noted for this page, typed; and where its facts cannot be read, or say otherwise than its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from calicolab.evidence.signoff import (
    AUTODETECTION,
    CURE,
    MODEL,
    UPGRADE,
    UPGRADE_LOOKED_AT,
    AutodetectionFact,
    CureFact,
    ModelFact,
    UpgradeFact,
)
from calicolab.report.phases import PHASES
from calicolab.report.signoff.phase_facts import Phase, read_phase

if TYPE_CHECKING:
    from calicolab.evidence.model import CheckRecord
    from calicolab.evidence.signoff import Choice

T = TypeVar("T")


@dataclass
class Noted:
    """The facts of one check; `unreadable` tells which are not what they should be."""

    autodetection: list[AutodetectionFact] = field(default_factory=list)
    models: list[ModelFact] = field(default_factory=list)
    cures: list[CureFact] = field(default_factory=list)
    upgrades: list[UpgradeFact] = field(default_factory=list)
    #: The direction of the upgrade that the check looks at; "" for the one noted last.
    upgrade_looked_at: str = ""
    phases: list[Phase] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def against(self) -> list[str]:
        """What in them speaks against a pass: what was expected and is not so."""
        return [
            *(said for fact in self.autodetection for said in mismatch(fact)),
            *(said for fact in self.models for said in disagreement(fact)),
            *(said for fact in self.cures for said in undone(fact)),
        ]


def read_noted(check: CheckRecord) -> Noted:
    """The facts of `check` that this page is made of."""
    noted = Noted()
    noted.autodetection = _read(check, AUTODETECTION, AutodetectionFact, noted)
    noted.models = _read(check, MODEL, ModelFact, noted)
    noted.cures = _read(check, CURE, CureFact, noted)
    noted.upgrades = _read(check, UPGRADE, UpgradeFact, noted)
    noted.upgrade_looked_at = str(check.facts.get(UPGRADE_LOOKED_AT, ""))
    noted.phases = _read_phases(check, noted)
    return noted


def mismatch(fact: AutodetectionFact) -> list[str]:
    """In what the address that was taken is not the one that was expected."""
    if _agree(fact.expected, fact.seen):
        return []
    expected, seen = describe_choice(fact.expected), describe_choice(fact.seen)
    return [f"{fact.conflict}, {fact.method}: expected {expected}, seen {seen}"]


def disagreement(fact: ModelFact) -> list[str]:
    """That the model and calico-node do not agree."""
    if fact.agreed == fact.layouts and not fact.disagreements:
        return []
    return [f"the model and calico-node agree on {fact.agreed} of {fact.layouts} layouts"]


def undone(fact: CureFact) -> list[str]:
    """Which trials of a cure ended otherwise than expected."""
    words = {True: "lasts", False: "is undone"}
    return [
        f"{fact.cure}, {trial.what}: expected that it {words[trial.expected]}, and it {words[trial.lasted]}"
        for trial in fact.trials
        if trial.expected is not None and trial.lasted is not None and trial.expected != trial.lasted
    ]


def describe_choice(choice: Choice) -> str:
    """What became of an address, in a line."""
    where = f" on {choice.interface}" if choice.interface else ""
    return f"{choice.outcome} {choice.address}{where}".replace("  ", " ").strip()


def _agree(expected: Choice, seen: Choice) -> bool:
    """Address and interface are compared where both are known: who died says nothing of either."""
    return (
        expected.outcome == seen.outcome
        and (expected.address == seen.address or "" in (expected.address, seen.address))
        and (expected.interface == seen.interface or "" in (expected.interface, seen.interface))
    )


def _read(check: CheckRecord, key: str, kind: type[T], noted: Noted) -> list[T]:
    if key not in check.facts:
        return []
    value = check.facts[key]
    try:
        return msgspec.convert(value if isinstance(value, list) else [value], list[kind])  # type: ignore[valid-type] # a type by its value
    except msgspec.ValidationError as error:
        noted.unreadable.append(f"its fact {key!r} is not what the page knows: {error}")
        return []


def _read_phases(check: CheckRecord, noted: Noted) -> list[Phase]:
    phases: Any = check.facts.get(PHASES, {})
    found = []
    try:
        for name, phase in phases.items():
            found.append(read_phase(str(name), phase))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        noted.unreadable.append(f"its fact {PHASES!r} is not a mesh: {type(error).__name__}: {error}")
    return sorted(found, key=lambda phase: phase.seconds)
