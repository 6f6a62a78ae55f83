"""All runs as one JUnit file: each check on each lab once, as it counts, and each problem with the runs as an error."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

import calicolab
from calicolab.evidence.machine import describe_machine
from calicolab.evidence.model import SCHEMA, CheckRecord, Results, RunRecord
from calicolab.report.junit import render_junit
from calicolab.report.signoff.columns import columns_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.report.signoff.judging import Judged, Judgement
    from calicolab.report.signoff.merging import LabKey

#: What a problem with the runs themselves stands under, as a file stands under its suite.
PROBLEMS = "runs"


def render_merged_junit(judgement: Judgement) -> bytes:
    """The runs as JUnit XML."""
    names = _lab_names(judgement)
    merged = Results(
        schema=SCHEMA,
        run=_all_runs(judgement),
        labs=[msgspec.structs.replace(lab, id=names[key]) for key, lab in judgement.labs.items()],
        checks=[*(_as_counted(one, names) for one in judgement.checks), *_problems(judgement)],
        timeline=[],
        verdict=judgement.verdict,
    )
    return render_junit(merged)


def _all_runs(judgement: Judgement) -> RunRecord:
    """One record for all runs, from the first one's beginning to the last one's end."""
    runs = [run.results.run for run in judgement.runs]
    now = datetime.now(UTC)
    return RunRecord(
        id="+".join(run.id for run in runs) or "none",
        started=min((run.started for run in runs), default=now),
        finished=max((run.finished for run in runs if run.finished is not None), default=None),
        command="calicolab report",
        harness=calicolab.__version__,
        machine=runs[0].machine if runs else describe_machine(),
    )


def _lab_names(judgement: Judgement) -> dict[LabKey, str]:
    """A name for each lab: its id, and where others have the same, what tells it from them."""
    shared = Counter(key.id for key in judgement.labs)
    also = {column.key: column.also for column in columns_for(judgement.labs)}
    return {key: key.id if shared[key.id] == 1 else f"{key.id}, {also[key]}" for key in judgement.labs}


def _as_counted(one: Judged, names: Mapping[LabKey, str]) -> CheckRecord:
    """As it counts, its evidence by the run that has it."""
    return msgspec.structs.replace(
        one.check,
        outcome=one.outcome,
        reason=one.reason,
        lab=names.get(one.seen.key[1], one.check.lab),
        evidence=[f"{one.seen.run.id}/{name}" for name in one.check.evidence],
    )


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
