"""Cures: on which versions they bring the mesh back, and what undoes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.signoff.columns import Column, columns_of, version_order
from calicolab.report.signoff.marks import BAD, MARKS, OK, RISK, SKIPPED, UNSURE, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calicolab.evidence.signoff import CureFact, Trial
    from calicolab.report.signoff.judging import Judged

#: What stands between a kind of trial and what is its own, as in "upgrade to v3.25.0".
_OWN_PART = " to "


@dataclass(frozen=True)
class Tried:
    """A trial of a cure on a version. `own` is what sets it apart, such as "v3.25.0"."""

    mark: Mark
    word: str
    own: str
    detail: str


@dataclass(frozen=True)
class OnVersion:
    """A cure on one version; `trials` by kind of trial. `fact` is None when the check noted nothing."""

    column: Column
    mark: Mark
    summary: str
    #: What the summary rests on.
    told: str
    anchor: str
    fact: CureFact | None
    trials: dict[str, list[Tried]]
    why: str


@dataclass(frozen=True)
class Cure:
    """A cure on all versions on which it was tried."""

    name: str
    story: str
    versions: list[OnVersion]

    @property
    def tried(self) -> list[OnVersion]:
        """The versions on which it was not skipped."""
        return [one for one in self.versions if one.mark is not SKIPPED]

    def on(self, column: Column) -> list[OnVersion]:
        """What is known of it on a lab."""
        return [version for version in self.versions if version.column == column]


@dataclass(frozen=True)
class Cures:
    """All cures, and the labs that they were tried on."""

    columns: list[Column]
    cures: list[Cure]

    @property
    def kinds(self) -> list[str]:
        """The kinds of trials that were made, such as "restart"."""
        versions = [version for cure in self.cures for version in cure.versions]
        return list(dict.fromkeys(kind for version in versions for kind in version.trials))

    @property
    def lasting(self) -> list[str]:
        """The cures that brought the mesh back everywhere they were tried, and that nothing undid."""
        return [cure.name for cure in self.cures if cure.tried and all(_lasts(one) for one in cure.tried)]

    @property
    def unknown(self) -> list[str]:
        """Those that last wherever it is known, but somewhere it is not."""
        return [
            cure.name
            for cure in self.cures
            if any(one.mark is UNSURE for one in cure.tried)
            and all(_lasts(one) or one.mark is UNSURE for one in cure.tried)
        ]

    @property
    def not_tried(self) -> list[str]:
        """A sentence for each trial that was not made."""
        return [
            f"{cure.name} on {version.column}, {kind}: {trial.detail or 'no reason given'}"
            for cure in self.cures
            for version in cure.versions
            for kind, trials in version.trials.items()
            for trial in trials
            if trial.mark is SKIPPED
        ]


def cures_of(checks: Sequence[Judged]) -> Cures:
    """The cures that `checks` noted."""
    names = _names(checks)
    concerned = [one for one in checks if one.check.id in names]
    columns = columns_of(concerned)
    by_key = {column.key: column for column in columns}
    found: dict[str, list[OnVersion]] = {}
    for one in concerned:
        column = by_key.get(one.seen.key[1])
        if column is not None:
            for name, version in _on_version(one, column, names[one.check.id]):
                found.setdefault(name, []).append(version)
    stories = {fact.cure: fact.story for one in concerned for fact in one.noted.cures}
    return Cures(columns, [_cure(name, stories[name], versions) for name, versions in found.items()])


def _names(checks: Sequence[Judged]) -> dict[str, list[str]]:
    """The cures of each check by its id; of one that noted nothing, those of its like on other labs."""
    found: dict[str, dict[str, None]] = {}
    for one in checks:
        for fact in one.noted.cures:
            found.setdefault(one.check.id, {})[fact.cure] = None
    return {check: list(names) for check, names in found.items()}


def _cure(name: str, story: str, versions: list[OnVersion]) -> Cure:
    ordered = sorted(versions, key=lambda one: (version_order(one.column.label), one.column.also))
    return Cure(name, story, ordered)


def _on_version(one: Judged, column: Column, names: list[str]) -> Iterator[tuple[str, OnVersion]]:
    why = one.reason.partition("\n")[0]
    if not one.noted.cures:
        mark = MARKS[one.outcome]
        for name in names:
            yield name, OnVersion(column, mark, mark.word, why, one.anchor, None, {}, why)
    for fact in one.noted.cures:
        trials: dict[str, list[Tried]] = {}
        for trial in fact.trials:
            kind, _, own = trial.what.partition(_OWN_PART)
            trials.setdefault(kind, []).append(_tried(trial, own))
        mark, summary = _summary(one, fact)
        told = "; ".join(f"{kind}: {tried.word}" for kind, alike in trials.items() for tried in alike)
        yield fact.cure, OnVersion(column, mark, summary, told, one.anchor, fact, trials, why)


def _tried(trial: Trial, own: str) -> Tried:
    if trial.lasted is None:
        return Tried(SKIPPED, "not tried", own, trial.detail)
    after = "" if trial.undone_after_s is None else f" after {trial.undone_after_s:.1f} s"
    word = "lasts" if trial.lasted else f"undone{after}"
    if trial.expected is not None and trial.expected != trial.lasted:
        return Tried(BAD, f"{word}, not expected", own, trial.detail)
    return Tried(OK if trial.lasted else RISK, word, own, trial.detail)


def _summary(one: Judged, fact: CureFact) -> tuple[Mark, str]:
    """How a cure does on a version, all in all."""
    undone = any(trial.lasted is False for trial in fact.trials)
    tried = any(trial.lasted is not None for trial in fact.trials)
    if not fact.mesh_back and one.outcome == "inconclusive":
        word = "not known"  # whether it was applied at all
    elif not fact.mesh_back:
        word = "no mesh"
    elif undone:
        word = "undone"
    else:
        word = "lasts" if tried else "heals"
    if one.outcome != "pass":
        return MARKS[one.outcome], word
    return (RISK if undone or not fact.mesh_back else OK), word


def _lasts(version: OnVersion) -> bool:
    return version.mark is OK and version.summary == "lasts"
