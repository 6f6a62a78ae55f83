"""Several runs as one: the same check on the same lab counts once, by its latest answer, and nothing else is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.attention import NOT_RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from calicolab.evidence.model import CheckRecord, LabRecord, Outcome
    from calicolab.report.signoff.gathering import Run

#: Outcomes that answer a check's question.
ANSWERS = ("pass", "fail")


@dataclass(frozen=True)
class LabKey:
    """What makes two labs of two runs the same one; their id alone does not tell how large they are."""

    id: str
    nodes: int
    control_planes: int
    source: str
    #: How the run's checks were asked, such as "--monitor-interval default".
    settings: str

    @classmethod
    def of(cls, run: Run, lab_id: str) -> LabKey:
        """The key of a lab of `run`; of one that it does not describe, the id must do."""
        lab = run.labs.get(lab_id)
        if lab is None:
            return cls(lab_id, 0, 0, "", run.settings)
        # A kind lab that never came up, in results of old, does not say that it has one.
        planes = max(lab.control_planes, 1) if lab.kind == "kind" else lab.control_planes
        return cls(lab_id, lab.nodes, planes, lab.source or "", run.settings)


@dataclass(frozen=True)
class Seen:
    """A check in one run; `outcome` may be worse than the one recorded, where its own facts say so."""

    run: Run
    lab: LabRecord | None
    check: CheckRecord
    outcome: Outcome

    @property
    def key(self) -> tuple[str, LabKey]:
        """What it has in common with the same check on the same lab in other runs."""
        return self.check.id, LabKey.of(self.run, self.check.lab)


@dataclass(frozen=True)
class Merged:
    """A check on a lab: what counts of it, and what other runs came to, oldest first."""

    counts: Seen
    others: tuple[Seen, ...] = ()


def merge(runs: Iterable[Run], *, outcome_of: Callable[[CheckRecord], Outcome]) -> list[Merged]:
    """Every check on every lab, in the order of the runs.

    Args:
        runs: oldest first.
        outcome_of: what a check came to, judged by its facts.
    """
    found: dict[tuple[str, LabKey], Merged] = {}
    for run in runs:
        for check in run.results.checks:
            seen = Seen(run, run.labs.get(check.lab), check, outcome_of(check))
            before = found.get(seen.key)
            found[seen.key] = Merged(seen) if before is None else _with(before, seen)
    return list(found.values())


def _with(before: Merged, later: Seen) -> Merged:
    if _takes_the_place_of(later, before.counts):
        return Merged(later, (*before.others, before.counts))
    return Merged(before.counts, (*before.others, later))


def _takes_the_place_of(later: Seen, earlier: Seen) -> bool:
    """The later run counts; but a red stays until it is answered again, and what was looked at is not skipped away."""
    if earlier.outcome == "fail":
        return later.outcome in ANSWERS
    never_begun = earlier.outcome == "inconclusive" and earlier.check.reason.startswith(NOT_RUN)
    return later.outcome != "skip" or earlier.outcome == "skip" or never_begun
