"""Labs as the columns or rows of a table: by version, and by what else tells two of them apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico.versions import comparison_key
from calicolab.errors import UsageError
from calicolab.report.signoff.merging import LabKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.evidence.model import LabRecord
    from calicolab.report.signoff.judging import Judged


@dataclass(frozen=True)
class Column:
    """A lab. `label` is its version, and `also` what tells it from another lab of that version; "" when it is alone."""

    key: LabKey
    label: str
    kind: str
    also: str

    def __str__(self) -> str:
        return f"{self.label} {self.also}".strip()

    @property
    def in_full(self) -> str:
        """With its kind, whatever there is beside it."""
        return str(self) if self.kind in self.also else f"{self.label} {self.kind} {self.also}".strip()


def columns_of(checks: Iterable[Judged]) -> list[Column]:
    """The labs that `checks` ran on, oldest version first."""
    labs = {one.seen.key[1]: one.lab for one in checks if one.lab is not None}
    return columns_for(labs)


def columns_for(labs: dict[LabKey, LabRecord]) -> list[Column]:
    """These labs, oldest version first."""
    shared = Counter(lab.calico for lab in labs.values())
    kinds = Counter((lab.calico, lab.kind) for lab in labs.values())
    shapes = {
        lab.kind: {shape(other) for other in labs.values() if other.kind == lab.kind} for lab in labs.values()
    }
    found = []
    for key, lab in labs.items():
        also: list[str] = []
        if shared[lab.calico] > kinds[lab.calico, lab.kind]:
            also.append(lab.kind)
        if kinds[lab.calico, lab.kind] > 1:
            also += [shape(lab)] if len(shapes[lab.kind]) > 1 else []
            also += [key.settings] if key.settings else []
        found.append(Column(key, lab.calico, lab.kind, ", ".join(also)))
    return sorted(found, key=lambda column: (version_order(column.label), column.also))


def shape(lab: LabRecord) -> str:
    """How large a lab is."""
    planes = f", {lab.control_planes} control planes" if lab.control_planes > 1 else ""
    return f"{lab.nodes} nodes{planes}, {lab.source or 'unknown source'}"


def version_order(version: str) -> tuple[tuple[int, ...], str]:
    """A key by which versions sort; what is none comes first."""
    try:
        return comparison_key(version), version
    except (UsageError, ValueError):  # a number of thousands of digits is no version either
        return (), version
