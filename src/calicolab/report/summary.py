"""The part of the page that is ours, rendered from results.json alone: it can be rendered again at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.attention import attention
from calicolab.report.stories import StoryView, stories_of
from calicolab.report.templating import environment
from calicolab.report.words import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from calicolab.evidence.model import CheckRecord, LabRecord, Outcome, Results

OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "inconclusive", "skip")


@dataclass(frozen=True)
class LabView:
    """A lab and what happened on it."""

    record: LabRecord
    counts: dict[Outcome, int]
    stories: list[StoryView]


def render_summary(results: Results, folder: Path) -> str:
    """The summary as HTML: verdict, labs, what needs attention, and each story's meshes, peer tables and time line.

    Args:
        results: of the run.
        folder: the run's, where the collected files are.
    """
    template = environment(seconds=seconds).get_template("summary.html.j2")
    return template.render(
        results=results,
        counts=count(results.checks),
        labs=[_lab_view(lab, results) for lab in results.labs],
        needed=attention(results, folder),
        outcomes=OUTCOMES,
        words=VERDICT_WORDS,
    )


def count(checks: Iterable[CheckRecord]) -> dict[Outcome, int]:
    """How many checks came to each outcome."""
    outcomes = [check.outcome for check in checks]
    return {outcome: outcomes.count(outcome) for outcome in OUTCOMES}


#: What a verdict says to who signs.
VERDICT_WORDS = {
    "pass": "Every check held.",
    "fail": "Calico does not conform: at least one check does not hold.",
    "inconclusive": "Not every question was answered: the lab or the harness broke, or nothing was checked.",
}


def _lab_view(lab: LabRecord, results: Results) -> LabView:
    checks = [check for check in results.checks if check.lab == lab.id]
    events = [event for event in results.timeline if event.lab == lab.id]
    return LabView(record=lab, counts=count(checks), stories=stories_of(lab.id, checks, events))
