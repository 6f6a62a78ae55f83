"""What was not tested, and why: nobody is to sign for what nobody looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico.versions import UNAVAILABLE, known
from calicolab.report.signoff.columns import version_order
from calicolab.report.stories import story_of

if TYPE_CHECKING:
    from calicolab.report.signoff.cures import Cures
    from calicolab.report.signoff.judging import Judged, Judgement
    from calicolab.report.signoff.matrix import Matrix
    from calicolab.report.signoff.models import Compared
    from calicolab.report.signoff.upgrades import Ways


#: Suites that the page shows no more of than their checks, and what they are about.
SUITES = {
    "founding": "The incident, start to end",
    "readiness": "Whether the readiness probe notices",
    "connectivity": "Kubernetes' own network tests",
}


@dataclass(frozen=True)
class Skipped:
    """Checks that were skipped for one reason. `stories` are how many of each file, `where` the labs."""

    reason: str
    count: int
    stories: dict[str, int]
    where: list[str]


@dataclass(frozen=True)
class Untested:
    """All that was not looked at."""

    #: A sentence for each thing that a sign-off is about and that no run looked at.
    absent: list[str]
    skipped: list[Skipped]
    #: What a kind of lab cannot do, why, and which labs that holds for.
    cannot: list[tuple[str, str, list[str]]]
    gaps: list[str]
    not_tried: list[str]
    #: Versions that could have been run, and were not.
    not_run: list[str]
    #: Why some cannot be built, and which series of releases that holds for.
    unavailable: dict[str, list[str]]


def untested(
    judgement: Judgement, *, matrix: Matrix, models: list[Compared], ways: Ways, cures: Cures
) -> Untested:
    """What the runs have not looked at."""
    run = judgement.versions_run
    return Untested(
        absent=[
            *_absent(matrix=matrix, models=models, ways=ways, cures=cures),
            *_without(judgement),
            *_uneven(judgement),
        ],
        skipped=_skipped(judgement.with_outcome("skip")),
        cannot=_cannot(judgement),
        gaps=matrix.gaps,
        not_tried=cures.not_tried,
        not_run=[version for version in known() if version not in run],
        unavailable=_unavailable(),
    )


def _absent(*, matrix: Matrix, models: list[Compared], ways: Ways, cures: Cures) -> list[str]:
    found = []
    if not matrix.columns:
        found.append("Which address each version takes: no run has the autodetection suite.")
    if not models:
        found.append("The autodetection model against the real calico-node: no run compared them.")
    if not ways.ways:
        found.append("The upgrade itself: no run went from one version to another.")
    elif not any(way.back for way in ways.ways):
        found.append("The way back: no run went from a newer version to an older one.")
    if not cures.cures:
        found.append("Cures, and how long they last: no run has the remediation suite.")
    return found


def _without(judgement: Judgement) -> list[str]:
    """Of the suites that no section is made of: those of which no check was run."""
    stories = {story_of(one.check.id) for one in judgement.checks if one.outcome != "skip"}
    return [
        f"{what}: no run has the {suite} suite."
        for suite, what in SUITES.items()
        if not any(story.startswith(f"suites/{suite}/") for story in stories)
    ]


def _uneven(judgement: Judgement) -> list[str]:
    """The suites of which other versions have checks and one has none, not even a skipped one."""
    suites: dict[str, dict[str, None]] = {}
    for one in judgement.checks:
        if one.version:
            suites.setdefault(one.version, {})[story_of(one.check.id).split("/")[1]] = None
    everywhere = list(dict.fromkeys(suite for found in suites.values() for suite in found))
    return [
        f"On {version}: no run has {', '.join(missing)}; other versions have."
        for version in sorted(suites, key=version_order)
        if (missing := [suite for suite in everywhere if suite not in suites[version]])
    ]


def _skipped(checks: list[Judged]) -> list[Skipped]:
    reasons: dict[str, list[Judged]] = {}
    for one in checks:
        reasons.setdefault(one.reason or "no reason given", []).append(one)
    found = []
    for reason, alike in reasons.items():
        stories: dict[str, int] = {}
        for one in alike:
            story = story_of(one.check.id)
            stories[story] = stories.get(story, 0) + 1
        in_order = sorted(alike, key=lambda one: (version_order(one.version), one.check.lab))
        where = list(dict.fromkeys(one.check.lab or "no lab" for one in in_order))
        found.append(Skipped(reason, len(alike), stories, where))
    return sorted(found, key=lambda one: -one.count)


def _cannot(judgement: Judgement) -> list[tuple[str, str, list[str]]]:
    found: dict[tuple[str, str], dict[str, None]] = {}
    for lab in sorted(judgement.labs.values(), key=lambda lab: (version_order(lab.calico), lab.id)):
        for what, why in lab.cannot.items():
            found.setdefault((what, why), {})[lab.id] = None
    return [(what, why, list(labs)) for (what, why), labs in found.items()]


def _unavailable() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for series, why in UNAVAILABLE.items():
        found.setdefault(why, []).append(series)
    return found
