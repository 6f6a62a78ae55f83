"""What happened when: the events of a run, in seconds since it began."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """One event. `t` is in seconds since the run began."""

    t: float
    lab: str
    event: str
    node: str = ""
    detail: str = ""


@dataclass
class Timeline:
    """Events in the order in which they were seen."""

    started: float = field(default_factory=time.monotonic)
    events: list[Event] = field(default_factory=list)

    def add(self, event: str, *, lab: str, node: str = "", detail: str = "") -> Event:
        """Note `event` as happening now and return it."""
        noted = Event(
            t=round(time.monotonic() - self.started, 3), lab=lab, event=event, node=node, detail=detail
        )
        self.events.append(noted)
        return noted
