"""What was run: the labs, where each of their parts comes from, and what was changed of upstream's manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.signoff.columns import Column, columns_for
from calicolab.report.signoff.merging import LabKey

if TYPE_CHECKING:
    from calicolab.evidence.model import LabRecord, ManifestChange
    from calicolab.report.signoff.judging import Judgement


@dataclass(frozen=True)
class Part:
    """A part of labs, and where it comes from."""

    name: str
    source: str
    labs: list[str]


@dataclass(frozen=True)
class Sources:
    """The labs, their parts (those alike in all labs apart), and the changes of manifests with the labs they are of."""

    labs: list[tuple[Column, LabRecord]]
    alike: list[Part]
    differing: list[Part]
    changes: list[tuple[ManifestChange, list[str]]]


def sources_of(judgement: Judgement) -> Sources:
    """What the labs of all runs are made of; of a part that changed between two runs, every source is listed."""
    columns = columns_for(judgement.labs)
    names = {column.key: f"{column.key.id} {column.also}".strip() for column in columns}
    parts: dict[tuple[str, str], dict[str, None]] = {}
    changes: dict[ManifestChange, dict[str, None]] = {}
    told: set[str] = set()
    every = ((LabKey.of(run, lab.id), lab) for run in judgement.runs for lab in run.results.labs)
    for key, lab in every:
        name = names[key]
        if lab.provenance:
            told.add(name)
        for part, source in lab.provenance.items():
            parts.setdefault((part, source), {})[name] = None
        for change in lab.changes:
            changes.setdefault(change, {})[name] = None
    listed = [Part(name, source, list(labs)) for (name, source), labs in parts.items()]
    alike = [part for part in listed if len(told) > 1 and set(part.labs) == told]
    return Sources(
        labs=[(column, judgement.labs[column.key]) for column in columns],
        alike=sorted(alike, key=lambda part: part.name),
        differing=sorted((part for part in listed if part not in alike), key=lambda part: part.name),
        changes=[(change, list(labs)) for change, labs in changes.items()],
    )
