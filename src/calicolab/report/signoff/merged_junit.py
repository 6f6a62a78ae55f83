"""All runs as one JUnit file: each check on each lab once, as it counts, and each problem with the runs as an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from calicolab.evidence.model import SCHEMA, CheckRecord, Results
from calicolab.report.junit import render_junit

if TYPE_CHECKING:
    from calicolab.report.signoff.judging import Judged, Judgement

#: What a problem with the runs themselves stands under, as a file stands under its suite.
PROBLEMS = "runs"


def render_merged_junit(judgement: Judgement) -> bytes:
    """The runs as JUnit XML.

    Args:
        judgement: of at least one run that could be read.
    """
    first = judgement.runs[0].results
    merged = Results(
        schema=SCHEMA,
        run=msgspec.structs.replace(first.run, id="+".join(run.id for run in judgement.runs)),
        labs=list({lab.id: lab for lab in judgement.labs.values()}.values()),
        checks=[*(_as_counted(one) for one in judgement.checks), *_problems(judgement)],
        timeline=[],
        verdict=judgement.verdict,
    )
    return render_junit(merged)


def _as_counted(one: Judged) -> CheckRecord:
    return msgspec.structs.replace(one.check, outcome=one.outcome, reason=one.reason)


def _problems(judgement: Judgement) -> list[CheckRecord]:
    return [
        CheckRecord(
            id=f"{PROBLEMS}::{problem.title}",
            lab="",
            title=problem.title,
            outcome="inconclusive",
            reason=f"{problem.title}: {problem.why}",
            duration_s=0.0,
            facts={},
            evidence=[],
        )
        for problem in judgement.problems
    ]
