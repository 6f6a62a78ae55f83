"""The autodetection model against the real calico-node, version by version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.signoff.columns import Column, columns_of
from calicolab.report.signoff.marks import MARKS, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.evidence.signoff import ModelFact
    from calicolab.report.signoff.judging import Judged


@dataclass(frozen=True)
class Compared:
    """The model on a version; `fact` is None when the check noted nothing."""

    column: Column
    mark: Mark
    anchor: str
    fact: ModelFact | None
    why: str


def compared(checks: Sequence[Judged]) -> list[Compared]:
    """What `checks` noted of the model, oldest version first."""
    ids = {one.check.id for one in checks if one.noted.models}
    concerned = [one for one in checks if one.check.id in ids]
    rows = []
    for column in columns_of(concerned):
        for one in concerned:
            if one.seen.key[1] == column.key:
                why = one.reason.partition("\n")[0]
                facts: list[ModelFact | None] = [*one.noted.models] or [None]
                rows += [Compared(column, MARKS[one.outcome], one.anchor, fact, why) for fact in facts]
    return rows
