"""Which stories a shard of a run has: a story is one file on one lab, and is never taken apart.

The same stories and the same durations give the same shards everywhere, so that machines which know nothing of each
other share a run.
"""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calicolab.evidence.model import Results

#: Facts of a run: which shard it is ("2/4"); by which durations it was divided, none by the number of checks; why
#: it had nothing to do; and of which runs it repeats what was not green.
SHARD, DIVIDED_BY, NOTHING_TO_DO, RERUN_OF = "shard", "divided_by", "nothing_to_do", "rerun_of"
#: Seconds of a check and of a lab's start where no former run says better; of the order of what two cores take.
SECONDS_A_CHECK = 5.0
SECONDS_A_LAB = {"netns": 10.0, "kind": 150.0}


@dataclass(frozen=True)
class Shard:
    """Part `number` of `of` parts, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True, order=True)
class Story:
    """One file on one lab; `lab` is "" for checks that need none."""

    lab: str
    file: str


def parse(text: str) -> Shard:
    """The shard that is written as "2/4".

    Raises:
        UsageError: there is no such.
    """
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    if match is None:
        raise UsageError(f"{text!r} is no shard: write its number and how many there are, as in 2/4")
    shard = Shard(int(match[1]), int(match[2]))
    if not 1 <= shard.number <= shard.of:
        raise UsageError(
            f"there is no shard {shard}: they are 1/{max(shard.of, 1)} to {max(shard.of, 1)}/{max(shard.of, 1)}"
        )
    return shard


def durations(runs: Iterable[Results]) -> dict[Story, float]:
    """Seconds that each story took in former runs, with its share of the lab's start; the latest run of each counts."""
    found: dict[Story, float] = {}
    for results in sorted(runs, key=lambda results: results.run.started):
        took: dict[Story, float] = {}
        for check in results.checks:
            if check.outcome != "skip":
                story = Story(check.lab, file_of(check.id))
                took[story] = took.get(story, 0.0) + check.duration_s
        found |= took
    return found


def file_of(check: str) -> str:
    """The file of a check, by its id."""
    return check.partition("::")[0]


def divide(
    stories: Mapping[Story, int], *, of: int, known: Mapping[Story, float] | None = None
) -> dict[Story, int]:
    """The number of the shard of each story.

    The longest first, each to the shard that is done with it earliest. A lab that a shard does not have yet costs its
    start, and counts as late by as much again: else every shard would start every lab, to be done a second earlier.

    Args:
        stories: how many checks of each there are to run; those that are skipped take no time.
        of: how many shards.
        known: seconds by story, from former runs. One that was not run yet takes what its file took on other labs.
    """
    seconds = {story: _seconds(story, checks, known or {}) for story, checks in stories.items()}
    loads, labs = [0.0] * of, [set[str]() for _ in range(of)]
    chosen: dict[Story, int] = {}
    for story in sorted(stories, key=lambda story: (-seconds[story], story)):
        start = _start_of(story.lab) if seconds[story] else 0.0
        starts = [0.0 if story.lab in there else start for there in labs]
        late = [load + 2 * start for load, start in zip(loads, starts, strict=True)]
        best = late.index(min(late))
        loads[best] += seconds[story] + starts[best]
        if seconds[story]:
            labs[best].add(story.lab)
        chosen[story] = best + 1
    return chosen


def _seconds(story: Story, checks: int, known: Mapping[Story, float]) -> float:
    if not checks:
        return 0.0
    elsewhere = [
        seconds
        for other, seconds in known.items()
        if other.file == story.file and _kind(other) == _kind(story)
    ]
    if story in known:
        return known[story]
    return statistics.median(elsewhere) if elsewhere else checks * SECONDS_A_CHECK


def _start_of(lab: str) -> float:
    return SECONDS_A_LAB.get(lab.partition("-")[0], 0.0)


def _kind(story: Story) -> str:
    return story.lab.partition("-")[0]
