"""Ways from one version to another: what was lost on them, and whether there is a way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calicolab.evidence.verdict import worst
from calicolab.report.signoff.budget import Budget
from calicolab.report.signoff.columns import version_order
from calicolab.report.signoff.marks import BAD, MARKS, RISK, Mark
from calicolab.report.signoff.traffic_picture import draw_traffic
from calicolab.report.stories import story_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.evidence.model import LabRecord
    from calicolab.evidence.signoff import NodeUpgrade, PairTraffic, SessionGap, UpgradeFact
    from calicolab.report.signoff.judging import Judged

#: Characters of all pictures of traffic together.
CHARACTERS = 400_000


@dataclass(frozen=True)
class Way:
    """A way as it went. `mark` is of all checks that look at it, and `anchor` of the worst of them."""

    mark: Mark
    anchor: str
    lab: LabRecord | None
    fact: UpgradeFact
    why: str

    @property
    def title(self) -> str:
        """From where to where, and what lay in wait."""
        waiting = f", with {self.fact.waiting} in wait" if self.fact.waiting else ""
        return f"{self.fact.source} to {self.fact.target}{waiting}"

    @property
    def back(self) -> bool:
        """Whether it is the way back to the older version."""
        return self.fact.direction == "back"

    @property
    def sent(self) -> int:
        """Requests of all pairs."""
        return sum(pair.sent for pair in self.fact.pairs)

    @property
    def lost(self) -> int:
        """Requests that met with no answer."""
        return sum(pair.lost for pair in self.fact.pairs)

    @property
    def worst_pair(self) -> PairTraffic | None:
        """The pair that was longest without an answer; None when no traffic was measured."""
        return max(self.fact.pairs, key=lambda pair: pair.worst_gap_ms, default=None)

    @property
    def worst_session(self) -> SessionGap | None:
        """The session that was longest not Established; None when none was measured."""
        return max(self.fact.sessions, key=lambda gap: gap.milliseconds, default=None)

    @property
    def moved(self) -> list[NodeUpgrade]:
        """Nodes that ended with another address than they began with, or had another one for a while."""
        return [
            node
            for node in self.fact.nodes
            if node.address_before != node.address_after or node.addresses_between
        ]

    @property
    def seconds(self) -> float | None:
        """From the first node's beginning to the last one's end."""
        nodes = self.fact.nodes
        if not nodes:
            return None
        return max(node.ended_s for node in nodes) - min(node.began_s for node in nodes)


@dataclass(frozen=True)
class Ways:
    """All ways, each up with its way back behind it; and what was to measure one and did not.

    `pictures` are of the traffic, by the way's title and direction, the worst first; `left_out` of them would have made
    the page too large.
    """

    ways: list[Way]
    unmeasured: list[Judged]
    pictures: list[tuple[Way, str]]
    left_out: int

    @property
    def up(self) -> list[Way]:
        """The ways to a newer version."""
        return [way for way in self.ways if not way.back]

    @property
    def kinds(self) -> int:
        """On how many kinds of labs they were gone."""
        return len({way.lab.kind for way in self.ways if way.lab is not None})

    @property
    def lossy(self) -> list[Way]:
        """The ways on which requests were lost."""
        return [way for way in self.ways if way.lost]

    @property
    def clear(self) -> list[Way]:
        """The ways on which nothing lay in wait."""
        return [way for way in self.ways if not way.fact.waiting]

    @property
    def ambushed(self) -> list[Way]:
        """The ways on which something lay in wait."""
        return [way for way in self.ways if way.fact.waiting]


def ways_of(checks: Sequence[Judged]) -> Ways:
    """The ways that `checks` noted."""
    measuring = {one.check.id for one in checks if one.noted.upgrades}
    unmeasured = [one for one in checks if one.check.id in measuring and not one.noted.upgrades]
    # A way back that broke before anything could be noted of it is none of the way up's.
    unmeasured += [one for one in _of_no_way(checks) if one not in unmeasured]
    ways = [
        _way(one, fact, looking)
        for one, looking in _with_those_that_look(checks)
        for fact in one.noted.upgrades
    ]
    budget = Budget(CHARACTERS)
    drawn = [
        (way, budget.take(partial(draw_traffic, way.title, way.fact)))
        for way in sorted(ways, key=lambda way: (-way.lost, -_gap(way)))
    ]
    return Ways(sorted(ways, key=_order), unmeasured, [one for one in drawn if one[1]], budget.left_out)


def _with_those_that_look(checks: Sequence[Judged]) -> list[tuple[Judged, list[Judged]]]:
    """Each check that noted an upgrade, and itself with the steps of its story up to the next that notes one.

    One step upgrades; whether requests were lost, and whether the mesh is full again, is asked by those behind it. One
    that comes later still says itself at which direction it looks.
    """
    stories: dict[tuple[object, ...], list[Judged]] = {}
    for one in checks:
        stories.setdefault(_story_key(one), []).append(one)
    found: list[tuple[Judged, list[Judged]]] = []
    for steps in stories.values():
        current: list[Judged] | None = None
        by_direction: dict[str, list[Judged]] = {}
        for step in steps:
            if step.noted.upgrades:
                current = []
                found.append((step, current))
                by_direction |= {fact.direction: current for fact in step.noted.upgrades}
            direction = step.noted.upgrade_looked_at
            looked_at = by_direction.get(direction) if direction else current
            if looked_at is not None:
                looked_at.append(step)
    return found


def _of_no_way(checks: Sequence[Judged]) -> list[Judged]:
    """Those that look at a direction in which their story noted no upgrade, and did not pass."""
    noted = {(_story_key(one), fact.direction) for one in checks for fact in one.noted.upgrades}
    return [
        one
        for one in checks
        if one.noted.upgrade_looked_at
        and one.outcome in ("fail", "inconclusive")
        and (_story_key(one), one.noted.upgrade_looked_at) not in noted
    ]


def _story_key(one: Judged) -> tuple[object, ...]:
    return story_of(one.check.id), one.check.id.partition("[")[2], one.seen.key[1]


def _way(one: Judged, fact: UpgradeFact, looking: list[Judged]) -> Way:
    came_to = worst(step.outcome for step in looking if step.outcome != "skip")
    decisive = next(step for step in (*looking, one) if step.outcome == came_to)
    mark, why = MARKS[came_to], decisive.reason.partition("\n")[0]
    lost = sum(pair.lost for pair in fact.pairs)
    if came_to == "pass" and (lost or not fact.arrived):
        mark = RISK
        why = "the checks allow for it" + ("" if fact.arrived else "; the mesh was not full at its end")
    return Way(mark, decisive.anchor, one.lab, fact, why)


def _order(way: Way) -> tuple[object, ...]:
    """A way back comes behind the way up that it undoes."""
    ends = sorted((way.fact.source, way.fact.target), key=version_order)
    kind = way.lab.kind if way.lab is not None else ""
    return kind, *(version_order(end) for end in ends), way.fact.waiting, way.back


def worst_of(ways: Sequence[Way]) -> Way | None:
    """The way with the longest gap; None when there is none with traffic."""
    return max((way for way in ways if way.worst_pair is not None), key=_gap, default=None)


def _gap(way: Way) -> float:
    return way.worst_pair.worst_gap_ms if way.worst_pair is not None else 0.0


def lost_mark(way: Way) -> Mark | None:
    """How the number of lost requests is to be shown; None when nothing was lost."""
    if not way.lost:
        return None
    return BAD if way.mark is BAD else RISK
