"""The page: every section's view, put into the template."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import calicolab
from calicolab.report import words
from calicolab.report.attention import NOT_RUN
from calicolab.report.signoff.columns import shape, version_order
from calicolab.report.signoff.cures import cures_of
from calicolab.report.signoff.headline import findings, meaning
from calicolab.report.signoff.links import Links
from calicolab.report.signoff.marks import MARKS, OK, RISK
from calicolab.report.signoff.matrix import LEGEND, matrix_of
from calicolab.report.signoff.meshes import meshes_of
from calicolab.report.signoff.models import compared
from calicolab.report.signoff.noted import describe_choice
from calicolab.report.signoff.sources import sources_of
from calicolab.report.signoff.timelines import MOST_EVENTS, time_lines_of
from calicolab.report.signoff.traffic_picture import left_out
from calicolab.report.signoff.untested import untested
from calicolab.report.signoff.upgrades import lost_mark, ways_of
from calicolab.report.stories import story_of
from calicolab.report.templating import environment
from calicolab.report.text import prose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from calicolab.evidence.model import Outcome
    from calicolab.report.signoff.changes import Changes
    from calicolab.report.signoff.judging import Judged, Judgement
    from calicolab.report.signoff.merging import Seen

#: Checks that are told in full where they did not pass; of more, a line each must do.
MOST_IN_FULL = 60


@dataclass(frozen=True)
class Story:
    """The checks of one file on one lab, as they count."""

    file: str
    lab: str
    #: What was asked.
    checks: list[Judged]
    #: What was skipped, by the reason: a line each, and not a row a check.
    skipped: dict[str, list[Judged]]


def render_signoff(
    judgement: Judgement, *, folder: Path, made: datetime, changes: Changes | None = None
) -> str:
    """The whole page as HTML.

    Args:
        judgement: what it says.
        folder: where the page will be: its links are relative to it.
        made: when it is made.
        changes: what changed since earlier runs, if that was asked for.
    """
    checks = judgement.checks
    matrix, ways, cures, models = matrix_of(checks), ways_of(checks), cures_of(checks), compared(checks)
    links = Links(folder)
    template = environment(**_filters()).get_template("signoff/page.html.j2")
    # Links are made while the template is filled in, and what was found missing then is told at its end.
    return template.render(
        judgement=judgement,
        verdict=MARKS[judgement.verdict],
        meaning=meaning(judgement, ways),
        findings=findings(matrix=matrix, models=models, ways=ways, cures=cures),
        counts={outcome: len(judgement.with_outcome(outcome)) for outcome in MARKS},
        marks=MARKS,
        ok=OK,
        risk=RISK,
        attention={outcome: _attention(judgement, outcome) for outcome in ("fail", "inconclusive")},
        most_in_full=MOST_IN_FULL,
        again=_again(checks),
        changes=changes,
        matrix=matrix,
        legend=LEGEND,
        models=models,
        ways=ways,
        cures=cures,
        meshes=meshes_of(checks),
        time_lines=time_lines_of(judgement.runs, checks),
        most_events=MOST_EVENTS,
        untested=untested(judgement, matrix=matrix, models=models, ways=ways, cures=cures),
        sources=sources_of(judgement),
        stories=_stories(checks),
        versions=sorted(judgement.versions_run, key=version_order),
        machines=list(dict.fromkeys(run.results.run.machine for run in judgement.runs)),
        links=links,
        made=made,
        harness=calicolab.__version__,
        **_helpers(),
    )


def _filters() -> dict[str, object]:
    return {
        "ms": words.milliseconds,
        "seconds": words.seconds,
        "moment": words.moment,
        "choice": describe_choice,
        "prose": prose,
        "shape": shape,
    }


def _helpers() -> dict[str, object]:
    return {"counted": words.counted, "lost_mark": lost_mark, "left_out": left_out, "story_of": story_of}


@dataclass(frozen=True)
class Attention:
    """Checks to look at: those told in full, and those of which one line for many says it all."""

    full: list[Judged]
    #: Reason, and the titles of the checks that have it in common, each with itself on every lab.
    brief: dict[str, dict[str, list[Judged]]]


def _attention(judgement: Judgement, outcome: Outcome) -> Attention:
    checks = judgement.with_outcome(outcome)
    full = [one for one in checks if not one.reason.startswith(NOT_RUN)]
    brief: dict[str, dict[str, list[Judged]]] = {}
    for one in checks:
        if one.reason.startswith(NOT_RUN):
            brief.setdefault(one.reason, {}).setdefault(one.check.title, []).append(one)
    return Attention(full, brief)


@dataclass(frozen=True)
class Again:
    """Checks that pass and did not before, each with what it came to then; `not_reached` of them had not begun."""

    told: list[tuple[Judged, Seen]]
    checks: int
    not_reached: int


def _again(checks: Sequence[Judged]) -> Again:
    green = [one for one in checks if one.turned_green]
    told = [
        (one, other)
        for one in green
        for other in one.merged.others
        if other.outcome in ("fail", "inconclusive") and not other.check.reason.startswith(NOT_RUN)
    ]
    return Again(told, len(green), len(green) - len({one.anchor for one, _ in told}))


def _stories(checks: Sequence[Judged]) -> list[Story]:
    ordered = sorted(checks, key=_place)
    return [_story(place, list(alike)) for place, alike in groupby(ordered, key=_place)]


def _story(place: tuple[str, str], checks: Sequence[Judged]) -> Story:
    skipped: dict[str, list[Judged]] = {}
    for one in checks:
        if one.outcome == "skip":
            skipped.setdefault(one.reason, []).append(one)
    return Story(*place, [one for one in checks if one.outcome != "skip"], skipped)


def _place(one: Judged) -> tuple[str, str]:
    lab = one.seen.key[1]
    return story_of(one.check.id), " ".join(part for part in (lab.id, shape_of(one), lab.settings) if part)


def shape_of(one: Judged) -> str:
    """How large a check's lab is, in brackets; "" without one."""
    return "" if one.lab is None else f"({shape(one.lab)})"
