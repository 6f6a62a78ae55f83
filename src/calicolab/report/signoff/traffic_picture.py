"""What pods' requests met with while nodes were upgraded: round trips of the worst pair, losses of every pair."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from calicolab.report.svg import element, picture, text
from calicolab.report.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calicolab.evidence.signoff import NodeUpgrade, PairTraffic, UpgradeFact

WIDTH, RIGHT = 540.0, 14.0
#: Pixels of a character of the names on the left, and how wide these may be together.
CHARACTER, LEAST_LEFT, MOST_LEFT = 6.2, 80.0, 210.0
#: Pixels: the panel of round trips, and a strip of a pair below it.
PANEL_TOP, PANEL_HEIGHT, STRIP = 18.0, 92.0, 13.0
#: Pairs that have a strip of their own, those with the worst gaps first; what is left out is said.
MOST_STRIPS = 12
#: Points of a pair that are drawn.
MOST_POINTS = 300


@dataclass(frozen=True)
class _Scale:
    """Seconds to pixels, and milliseconds to pixels on a scale of powers of ten."""

    left: float
    begin: float
    end: float
    least: int
    most: int

    def x(self, seconds: float) -> float:
        span = max(self.end - self.begin, 0.1)
        return round(self.left + (WIDTH - self.left - RIGHT) * (seconds - self.begin) / span, 1)

    def y(self, milliseconds: float) -> float:
        decades = max(self.most - self.least, 1)
        height = (math.log10(max(milliseconds, 1e-3)) - self.least) / decades
        return round(PANEL_TOP + PANEL_HEIGHT * (1 - min(max(height, 0.0), 1.0)), 1)


def draw_traffic(title: str, fact: UpgradeFact) -> str:
    """The picture of an upgrade's traffic; "" when no samples were kept."""
    pairs = sorted(
        (pair for pair in fact.pairs if pair.samples), key=lambda pair: (-pair.worst_gap_ms, -pair.lost)
    )
    if not pairs:
        return ""
    scale = _scale(pairs, fact.nodes)
    shown = pairs[:MOST_STRIPS]
    bottom = PANEL_TOP + PANEL_HEIGHT + 8 + STRIP * len(shown)
    drawn = (
        "".join(_window(node, scale, bottom=bottom) for node in fact.nodes)
        + _panel(pairs[0], scale)
        + "".join(
            _strip(pair, scale, y=PANEL_TOP + PANEL_HEIGHT + 8 + STRIP * row)
            for row, pair in enumerate(shown)
        )
        + _axis(scale, top=bottom + 2)
    )
    return picture(
        drawn,
        width=WIDTH,
        height=bottom + 26,
        title=f"Requests between pods, {title}",
        description="; ".join(_told(pair) for pair in shown),
    )


def left_out(fact: UpgradeFact) -> int:
    """How many pairs the picture has no strip for."""
    return max(sum(bool(pair.samples) for pair in fact.pairs) - MOST_STRIPS, 0)


def _told(pair: PairTraffic) -> str:
    return f"{_name(pair)}: {pair.lost} of {pair.sent} lost, longest without an answer {pair.worst_gap_ms:.0f} ms"


def _name(pair: PairTraffic) -> str:
    return f"{pair.source} \N{RIGHTWARDS ARROW} {pair.target} {pair.protocol}"


def _scale(pairs: Sequence[PairTraffic], nodes: Sequence[NodeUpgrade]) -> _Scale:
    times = [
        *(seconds for pair in pairs for seconds, _ in pair.samples),
        *(end for node in nodes for end in (node.began_s, node.ended_s)),
    ]
    trips = [trip for _, trip in pairs[0].samples if trip is not None and trip > 0]
    least = math.floor(math.log10(max(min(trips, default=0.1), 1e-3)))
    most = math.ceil(math.log10(max(max(trips, default=1.0), 1e-3)))
    longest = max(len(_name(pair)) for pair in pairs)
    left = min(max(CHARACTER * longest + 8, LEAST_LEFT), MOST_LEFT)
    return _Scale(left, min(times), max(times), least, max(most, least + 1))


def _window(node: NodeUpgrade, scale: _Scale, *, bottom: float) -> str:
    left, right = scale.x(node.began_s), scale.x(node.ended_s)
    width = max(right - left, 1.5)
    told = element(
        "title", escaped(f"{node.node} was upgraded from {node.began_s:.1f} s to {node.ended_s:.1f} s")
    )
    shade = element(
        "rect", x=left, y=PANEL_TOP - 14, width=width, height=bottom - PANEL_TOP + 14, class_="upgrading"
    )
    fits = CHARACTER * len(node.node) < width
    name = text(node.node, x=left + 2, y=PANEL_TOP - 5, class_="small") if fits else ""
    return element("g", told + shade + name)


def _panel(pair: PairTraffic, scale: _Scale) -> str:
    decades = "".join(
        element(
            "line",
            x1=scale.left,
            y1=scale.y(10.0**power),
            x2=WIDTH - RIGHT,
            y2=scale.y(10.0**power),
            class_="grid",
        )
        + text(f"{10.0**power:g} ms", x=scale.left - 4, y=scale.y(10.0**power) + 3, class_="small end")
        for power in range(scale.least, scale.most + 1)
    )
    dots = "".join(
        f"M{scale.x(seconds):g} {scale.y(trip):g}h0" for seconds, trip in _thinned(pair) if trip is not None
    )
    name = text("round trip of", x=4, y=PANEL_TOP + 10, class_="small") + text(
        "the worst pair", x=4, y=PANEL_TOP + 22, class_="small"
    )
    return decades + name + element("path", d=dots, class_="trips")


def _strip(pair: PairTraffic, scale: _Scale, *, y: float) -> str:
    """A line while there were answers, a bar for each that was lost; from the first to the last lost in a row."""
    begin, end = (scale.x(pair.samples[index][0]) for index in (0, -1))
    lost = "".join(
        f"M{scale.x(first):g} {y:g}H{scale.x(last):g}v{STRIP - 4:g}H{scale.x(first):g}z"
        for first, last in _lost_in_a_row(pair)
    )
    drawn = (
        element("title", escaped(_told(pair)))
        + text(_name(pair), x=scale.left - 4, y=y + 8, class_="small end")
        + element("path", d=f"M{begin:g} {y + (STRIP - 4) / 2:g}H{end:g}", class_="answers")
        + (element("path", d=lost, class_="losses") if lost else "")
    )
    return element("g", drawn)


def _lost_in_a_row(pair: PairTraffic) -> Iterator[tuple[float, float]]:
    """When the first and the last of samples in a row were sent that were lost, in seconds."""
    for lost, row in groupby(pair.samples, key=lambda sample: sample[1] is None):
        if lost:
            times = [seconds for seconds, _ in row]
            yield times[0], times[-1]


def _thinned(pair: PairTraffic) -> Iterable[tuple[float, float | None]]:
    """At most MOST_POINTS samples; of those between two that are drawn, the slowest would be missed, so it is kept."""
    step = math.ceil(len(pair.samples) / MOST_POINTS)
    chunks = (pair.samples[start : start + step] for start in range(0, len(pair.samples), step))
    return [max(chunk, key=lambda sample: -1.0 if sample[1] is None else sample[1]) for chunk in chunks]


def _axis(scale: _Scale, *, top: float) -> str:
    line = element("line", x1=scale.left, y1=top, x2=WIDTH - RIGHT, y2=top, class_="axis")
    span = scale.end - scale.begin
    ends = [scale.begin + span * part / 6 for part in range(7)]
    return line + "".join(
        element("line", x1=scale.x(at), y1=top, x2=scale.x(at), y2=top + 4, class_="axis")
        + text(
            f"{at:.0f} s" if span > 12 else f"{at:.1f} s", x=scale.x(at), y=top + 16, class_="small middle"
        )
        for at in ends
    )
