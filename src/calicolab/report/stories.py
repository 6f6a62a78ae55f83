"""Stories: one file on one lab, with the phases that it saw and its time line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.phases import PhaseView, phases_of
from calicolab.report.timeline_picture import CHECK_STARTED, draw_timeline, shown_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.evidence.model import CheckRecord
    from calicolab.evidence.timeline import Event


@dataclass(frozen=True)
class StoryView:
    """A story on a lab. `timeline` is a picture; `events` are what its marks stand for."""

    file: str
    phases: list[PhaseView]
    events: list[Event]
    timeline: str


def stories_of(lab: str, checks: Sequence[CheckRecord], events: Sequence[Event]) -> list[StoryView]:
    """The stories of a lab, from its own checks and events, in the order in which they ran.

    Stories run one after another, and the lab comes up within the first: an event belongs to the story that began last.
    """
    told: dict[str, list[Event]] = {}
    current: list[Event] | None = None
    for event in events:
        if event.event == CHECK_STARTED:
            current = told.setdefault(story_of(event.detail), [])
        if current is not None:
            current.append(event)
    return [
        _view(lab, file, [check for check in checks if story_of(check.id) == file], of_story)
        for file, of_story in told.items()
    ]


def story_of(check: str) -> str:
    """The file of a check, by its id."""
    return check.partition("::")[0]


def _view(lab: str, file: str, checks: Sequence[CheckRecord], events: Sequence[Event]) -> StoryView:
    return StoryView(
        file=file,
        phases=phases_of(checks),
        events=shown_events(events),
        timeline=draw_timeline(f"{file} on {lab}", events, checks),
    )
