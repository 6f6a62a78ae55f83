"""Time lines of the stories in which a fault was there, with its window shaded; what did not pass comes first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calicolab.report.signoff.budget import Budget
from calicolab.report.signoff.columns import version_order
from calicolab.report.stories import events_by_story, story_of
from calicolab.report.timeline_picture import INJECTED, draw_timeline, shown_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calicolab.evidence.model import CheckRecord, LabRecord
    from calicolab.evidence.timeline import Event
    from calicolab.report.signoff.gathering import Run
    from calicolab.report.signoff.judging import Judged

#: Characters of all pictures together, and how many events are listed below one.
CHARACTERS, MOST_EVENTS = 200_000, 60
#: What a story's picture takes at least, on the whole: with less left, the others are left out without being drawn.
LEAST_CHARACTERS = 10_000


@dataclass(frozen=True)
class TimeLine:
    """A story on a lab in a run. `events` are what the marks stand for."""

    run: str
    lab: str
    file: str
    red: bool
    events: list[Event]
    picture: str

    @property
    def unlisted(self) -> int:
        """How many events are not listed."""
        return max(len(self.events) - MOST_EVENTS, 0)


@dataclass(frozen=True)
class TimeLines:
    """All that are drawn; `left_out` would have made the page too large."""

    lines: list[TimeLine]
    left_out: int


def time_lines_of(runs: Sequence[Run], checks: Sequence[Judged]) -> TimeLines:
    """The time lines of what counts: a story whose every check was superseded by a later run is not drawn."""
    counting = {(one.seen.run.id, one.check.lab, one.check.id) for one in checks}
    red = {(one.seen.run.id, one.check.lab, one.check.id) for one in checks if one.outcome == "fail"}
    stories = [
        (run, lab, file, events, of_story, any((run.id, lab.id, check.id) in red for check in of_story))
        for run in runs
        for lab in run.results.labs
        for file, events, of_story in _stories(run, lab)
        if any((run.id, lab.id, check.id) in counting for check in of_story)
    ]
    stories.sort(key=lambda story: (not story[-1], story[2], version_order(story[1].calico), story[0].order))
    budget = Budget(CHARACTERS)
    lines = []
    for run, lab, file, events, of_story, is_red in stories:
        markup = budget.take(
            partial(draw_timeline, f"{file} on {lab.id}", events, of_story), at_least=LEAST_CHARACTERS
        )
        if markup:
            lines.append(TimeLine(run.id, lab.id, file, is_red, shown_events(events), markup))
    return TimeLines(lines, budget.left_out)


def _stories(run: Run, lab: LabRecord) -> Iterator[tuple[str, list[Event], list[CheckRecord]]]:
    """The stories of a lab in which something was injected."""
    events = [event for event in run.results.timeline if event.lab == lab.id]
    for file, of_story in events_by_story(events).items():
        if any(event.event == INJECTED for event in of_story):
            yield (
                file,
                of_story,
                [check for check in run.results.checks if check.lab == lab.id and story_of(check.id) == file],
            )
