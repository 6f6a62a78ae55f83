"""What of former runs is to be run again: the stories in which something failed or was inconclusive, whole.

A step of a story stands on those before it, so a check alone would say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import UsageError
from calicolab.evidence.shards import Story, file_of
from calicolab.labs.asked import NODES, Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.evidence.model import LabRecord, Results

#: The outcomes that are worth a second look.
AGAIN = ("fail", "inconclusive")


@dataclass(frozen=True)
class Rerun:
    """What to run again of `runs`, their ids; `labs` are those that it stood on, as they were asked for."""

    runs: tuple[str, ...]
    stories: frozenset[Story]
    #: The checks that were not green, by lab and id.
    checks: frozenset[tuple[str, str]]
    labs: tuple[Asked, ...]
    #: How those runs were started.
    commands: tuple[str, ...]


def plan(runs: Sequence[Results], *, subnet: str) -> Rerun:
    """What of these runs is to be run again.

    A check that was run in several of them counts as it came out in the last one.

    Args:
        runs: their results.
        subnet: of the labs; results do not tell it.

    Raises:
        UsageError: two of them had different labs of the same id, or the results do not say what a lab was.
    """
    last = {
        (check.lab, check.id): check
        for results in sorted(runs, key=lambda results: results.run.started)
        for check in results.checks
    }
    red = {key for key, check in last.items() if check.outcome in AGAIN}
    wanted = {lab for lab, _ in red if lab}
    labs: dict[str, Asked] = {}
    for results in runs:
        for record in results.labs:
            if record.id not in wanted:
                continue
            asked = _asked(record, subnet=subnet)
            if labs.setdefault(asked.id, asked) != asked:
                raise UsageError(
                    f"the runs have different labs {asked.id}: run what failed of each by itself"
                )
    return Rerun(
        runs=tuple(results.run.id for results in runs),
        stories=frozenset(Story(lab, file_of(check)) for lab, check in red),
        checks=frozenset(red),
        labs=tuple(labs.values()),
        commands=tuple(dict.fromkeys(results.run.command for results in runs)),
    )


def _asked(record: LabRecord, *, subnet: str) -> Asked:
    if record.kind == "attached" or record.source is None:
        raise UsageError(f"the results do not say how lab {record.id} can be brought up again")
    return Asked(
        kind=record.kind,
        version=record.calico,
        nodes=record.nodes or NODES,
        control_planes=record.control_planes or 1,
        subnet=subnet,
        source=record.source,
    )
