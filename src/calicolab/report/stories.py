"""Stories: one file on one lab, with the phases that it saw and its time line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.phases import PHASES, PhaseView, phases_of
from calicolab.report.timeline_picture import CHECK_STARTED, draw_timeline, shown_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.evidence.model import CheckRecord
    from calicolab.evidence.timeline import Event

#: Characters: a fact up to this long stands on a line.
SHORT = 160


@dataclass(frozen=True)
class FactView:
    """A fact of a check: a line when it is short, else the whole of it to be opened."""

    name: str
    line: str
    whole: str


@dataclass(frozen=True)
class CheckView:
    """A check with its facts; the phases, which are drawn, are not among them."""

    record: CheckRecord
    facts: list[FactView]


@dataclass(frozen=True)
class StoryView:
    """A story on a lab. `timeline` is a picture; `events` are what its marks stand for."""

    file: str
    checks: list[CheckView]
    phases: list[PhaseView]
    events: list[Event]
    timeline: str

    @property
    def skipped(self) -> bool:
        """Whether nothing of it was run; why is told with the skipped checks."""
        return all(check.record.outcome == "skip" for check in self.checks)


def stories_of(lab: str, checks: Sequence[CheckRecord], events: Sequence[Event]) -> list[StoryView]:
    """The stories of a lab, from its own checks and events, in the order in which they ran."""
    return [
        _view(lab, file, [check for check in checks if story_of(check.id) == file], of_story)
        for file, of_story in events_by_story(events).items()
    ]


def events_by_story(events: Sequence[Event]) -> dict[str, list[Event]]:
    """The events of a lab by its stories' files, in the order in which they ran.

    Stories run one after another, and the lab comes up within the first: an event belongs to the story that began last.
    """
    told: dict[str, list[Event]] = {}
    current: list[Event] | None = None
    for event in events:
        if event.event == CHECK_STARTED:
            current = told.setdefault(story_of(event.detail), [])
        if current is not None:
            current.append(event)
    return told


def _facts(check: CheckRecord) -> list[FactView]:
    views = []
    for name, value in check.facts.items():
        if name == PHASES:
            continue
        whole = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
        line = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        short = len(line) <= SHORT
        views.append(FactView(name, line=line if short else "", whole="" if short else whole))
    return views


def story_of(check: str) -> str:
    """The file of a check, by its id."""
    return check.partition("::")[0]


def _view(lab: str, file: str, checks: Sequence[CheckRecord], events: Sequence[Event]) -> StoryView:
    return StoryView(
        file=file,
        checks=[CheckView(check, _facts(check)) for check in checks],
        phases=phases_of(checks),
        events=shown_events(events),
        timeline=draw_timeline(f"{file} on {lab}", events, checks),
    )
