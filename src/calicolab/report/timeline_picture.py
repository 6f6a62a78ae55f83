"""A lab's time line as a picture: its checks, what was done to it, and the fault's window shaded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calicolab.report.svg import element, picture, text
from calicolab.report.text import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.evidence.model import CheckRecord, Outcome
    from calicolab.evidence.timeline import Event

WIDTH, LEFT, RIGHT = 1000.0, 70.0, 20.0
#: Top edges of the lanes, and the height of the axis below them.
CHECKS_TOP, EVENTS_TOP, AXIS_HEIGHT = 14.0, 52.0, 32.0
CHECK_HEIGHT, MARK_RADIUS, ROW_HEIGHT, MARK_ROWS = 22.0, 9.0, 20.0, 6
#: A window this wide has its name on it.
NAME_WIDTH = 30.0
#: Seconds between two ticks of the axis, and how many ticks it has at most.
STEPS, MOST_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0), 12

#: What the harness notes for itself; drawn as bars, not as events.
CHECK_STARTED = "check-started"
INJECTED, HEALED = "fault-injected", "fault-healed"

LETTERS: dict[Outcome, str] = {"pass": "P", "fail": "F", "inconclusive": "I", "skip": "s"}


@dataclass(frozen=True)
class Window:
    """A stretch of time in which a fault was there. Seconds since the run began."""

    begin: float
    end: float
    what: str


@dataclass(frozen=True)
class Scale:
    """The stretch of time that is drawn. Seconds since the run began."""

    begin: float
    end: float

    @property
    def span(self) -> float:
        """Seconds from edge to edge; never 0."""
        return max(self.end - self.begin, 0.1)

    def x(self, t: float) -> float:
        """Where `t` is, in pixels."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (t - self.begin) / self.span, 2)


@dataclass(frozen=True)
class Bar:
    """A check on the time line, and those that would be drawn over it. Seconds since the run began."""

    begin: float
    end: float
    check: CheckRecord
    #: How many checks that passed as well follow within a pixel.
    more: int = 0


@dataclass(frozen=True)
class Mark:
    """An event on the time line, with its number and its place in pixels and rows."""

    number: int
    event: Event
    x: float
    row: int


def shown_events(events: Sequence[Event]) -> list[Event]:
    """The events that a reader is to see, in order; a check's start is not one of them."""
    return [event for event in events if event.event != CHECK_STARTED]


def fault_windows(events: Sequence[Event], *, end: float) -> list[Window]:
    """When a fault was there: from its injection to its healing, or to `end` when it was not healed."""
    windows: list[Window] = []
    for index, event in enumerate(events):
        if event.event != INJECTED:
            continue
        healed = next((later for later in events[index + 1 :] if _heals(later, event)), None)
        what = " ".join(part for part in (event.detail, f"on {event.node}" if event.node else "") if part)
        windows.append(Window(event.t, healed.t if healed else end, what or "a fault"))
    return windows


def draw_timeline(name: str, events: Sequence[Event], checks: Sequence[CheckRecord]) -> str:
    """The picture of the time line called `name`.

    The marks carry the numbers that `shown_events` gives, counted from 1.
    """
    bars = _bars(events, checks)
    times = [event.t for event in events] + [bar.end for bar in bars]
    scale = Scale(min(times, default=0.0), max(times, default=0.0))
    windows = fault_windows(events, end=scale.end)
    marks = _placed(shown_events(events), scale)
    axis_top = EVENTS_TOP + ROW_HEIGHT * (1 + max((mark.row for mark in marks), default=0)) + 4
    content = (
        "".join(_window(window, scale, bottom=axis_top) for window in windows)
        + "".join(_bar(bar, scale) for bar in _apart(bars, scale))
        + "".join(_stem(mark, bottom=axis_top) for mark in marks)
        + "".join(_mark(mark) for mark in marks)
        + _axis(scale, top=axis_top)
        + text("checks", x=4, y=CHECKS_TOP + 15, class_="lane")
        + text("events", x=4, y=EVENTS_TOP + 15, class_="lane")
    )
    told = [f"{window.what}: from {window.begin:.1f} s to {window.end:.1f} s" for window in windows]
    return picture(
        content,
        width=WIDTH,
        height=axis_top + AXIS_HEIGHT,
        title=f"Time line of {name}, {scale.begin:.1f} s to {scale.end:.1f} s",
        description="; ".join(told) or "no fault was injected",
    )


def _heals(later: Event, injected: Event) -> bool:
    """A healing names its fault, or all faults by naming none."""
    return later.event == HEALED and (later.node, later.detail) in (
        (injected.node, injected.detail),
        ("", ""),
    )


def _bars(events: Sequence[Event], checks: Sequence[CheckRecord]) -> list[Bar]:
    started = {event.detail: event.t for event in events if event.event == CHECK_STARTED}
    return [
        Bar(started[check.id], started[check.id] + check.duration_s, check)
        for check in checks
        # What was skipped took no time.
        if check.id in started and check.outcome != "skip"
    ]


def _apart(bars: Sequence[Bar], scale: Scale) -> list[Bar]:
    """`bars` in order, of those that passed what nobody could tell apart as one; any other is a bar of its own."""
    apart: list[Bar] = []
    for bar in sorted(bars, key=lambda bar: bar.begin):
        last = apart[-1] if apart else None
        both_passed = last is not None and last.check.outcome == bar.check.outcome == "pass"
        if last is not None and both_passed and scale.x(bar.end) - scale.x(last.begin) < 1:
            apart[-1] = replace(last, end=max(last.end, bar.end), more=last.more + 1)
        else:
            apart.append(bar)
    return apart


def _window(window: Window, scale: Scale, *, bottom: float) -> str:
    left, right = scale.x(window.begin), scale.x(window.end)
    told = f"{window.what}: {window.begin:.1f} s to {window.end:.1f} s"
    width = max(right - left, 2.0)
    shade = element("rect", x=left, y=2.0, width=width, height=bottom - 2, class_="window")
    name = text("fault", x=left + 3, y=11.0, class_="window-name") if width >= NAME_WIDTH else ""
    return element("g", element("title", escaped(told)) + shade + name)


def _bar(bar: Bar, scale: Scale) -> str:
    left, right = scale.x(bar.begin), scale.x(bar.end)
    width = max(right - left - 1, 2.0)
    told = f"{bar.check.title} ({bar.check.outcome}, {bar.check.duration_s:.1f} s)"
    if bar.more:
        told += f", and {bar.more} more in {bar.end - bar.begin:.1f} s"
    drawn = element("title", escaped(told)) + element(
        "rect", x=left, y=CHECKS_TOP, width=width, height=CHECK_HEIGHT, class_=f"bar {bar.check.outcome}"
    )
    if width >= MARK_RADIUS:
        drawn += text(LETTERS[bar.check.outcome], x=left + width / 2, y=CHECKS_TOP + 16, class_="letter")
    return element("g", drawn)


def _placed(events: Sequence[Event], scale: Scale) -> list[Mark]:
    """The marks of `events`, in as few rows as keep them apart; when all are taken, in the one that was free first."""
    ends = [-math.inf] * MARK_ROWS
    marks = []
    for number, event in enumerate(events, start=1):
        x = scale.x(event.t)
        row = next((row for row, end in enumerate(ends) if end <= x - MARK_RADIUS), ends.index(min(ends)))
        ends[row] = x + MARK_RADIUS
        marks.append(Mark(number, event, x, row))
    return marks


def _stem(mark: Mark, *, bottom: float) -> str:
    return element("line", x1=mark.x, y1=CHECKS_TOP + CHECK_HEIGHT, x2=mark.x, y2=bottom, class_="stem")


def _mark(mark: Mark) -> str:
    event, y = mark.event, EVENTS_TOP + MARK_RADIUS + mark.row * ROW_HEIGHT
    told = " ".join(part for part in (f"{event.t:.1f} s:", event.event, event.node, event.detail) if part)
    drawn = (
        element("title", escaped(told))
        + element("circle", cx=mark.x, cy=y, r=MARK_RADIUS, class_=f"mark {_colour(event)}")
        + text(str(mark.number), x=mark.x, y=y + 4, class_="letter")
    )
    return element("g", drawn)


def _colour(event: Event) -> str:
    """What a mark is coloured by: harm, cure, or neither."""
    return {INJECTED: "harm", HEALED: "cure", "cure-applied": "cure"}.get(event.event, "plain")


def _axis(scale: Scale, *, top: float) -> str:
    step = next((step for step in STEPS if scale.span / step <= MOST_TICKS), scale.span / MOST_TICKS)
    first = math.ceil(scale.begin / step)
    ticks = [tick * step for tick in range(first, math.floor((scale.begin + scale.span) / step) + 1)]
    line = element("line", x1=LEFT, y1=top, x2=WIDTH - RIGHT, y2=top, class_="axis")
    return line + "".join(
        element("line", x1=scale.x(tick), y1=top, x2=scale.x(tick), y2=top + 5, class_="axis")
        + text(f"{tick:g} s", x=scale.x(tick), y=top + 18, class_="tick")
        for tick in ticks
    )
