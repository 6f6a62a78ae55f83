"""The verdict over all runs, and what it rests on: judged anew from the checks, whatever a run says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from calicolab.evidence.shards import NOTHING_TO_DO, RERUN_OF
from calicolab.evidence.verdict import verdict_of, worst
from calicolab.report.signoff.merging import LabKey, Merged, Seen, merge
from calicolab.report.signoff.noted import read_noted
from calicolab.report.signoff.shards import missing_shards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.evidence.model import CheckRecord, LabRecord, Outcome, Verdict
    from calicolab.report.signoff.gathering import Gathered, Run
    from calicolab.report.signoff.noted import Noted

#: A red that a later run did not confirm is shown as such.
_NOT_GREEN = ("fail", "inconclusive")


@dataclass(frozen=True)
class Judged:
    """A check on a lab as it counts. `outcome` may be worse than the one recorded; `because` then says why."""

    anchor: str
    merged: Merged
    outcome: Outcome
    noted: Noted
    because: tuple[str, ...] = ()

    @property
    def seen(self) -> Seen:
        """Where its outcome was seen."""
        return self.merged.counts

    @property
    def check(self) -> CheckRecord:
        """As it was recorded."""
        return self.seen.check

    @property
    def lab(self) -> LabRecord | None:
        """The lab that it ran on; None for one that needs none."""
        return self.seen.lab

    @property
    def version(self) -> str:
        """Calico's version on its lab; "" without a lab."""
        return self.lab.calico if self.lab is not None else ""

    @property
    def reason(self) -> str:
        """Why it is not a pass."""
        return "\n".join(part for part in (*self.because, self.check.reason) if part)

    @property
    def turned_green(self) -> bool:
        """Whether it passes now and did not in an earlier run."""
        return self.outcome == "pass" and any(other.outcome in _NOT_GREEN for other in self.merged.others)


@dataclass(frozen=True)
class Problem:
    """Why not all is known, whatever the checks say."""

    title: str
    why: str


@dataclass(frozen=True)
class Judgement:
    """All runs judged as one."""

    gathered: Gathered
    checks: tuple[Judged, ...]
    problems: tuple[Problem, ...]
    #: Of each run by itself, by its id.
    verdicts: Mapping[str, Verdict]
    #: What a reader should know and what changes nothing.
    notes: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that could be read, oldest first."""
        return self.gathered.runs

    @cached_property
    def verdict(self) -> Verdict:
        """The worst of all runs."""
        return verdict_of((one.outcome for one in self.checks), finished=not self.problems)

    def with_outcome(self, outcome: Outcome) -> list[Judged]:
        """The checks that came to `outcome`."""
        return [one for one in self.checks if one.outcome == outcome]

    @property
    def versions_run(self) -> set[str]:
        """The versions on which a check was run, or was to be: one that was only asked for is none."""
        return {one.version for one in self.checks if one.version and one.outcome != "skip"}

    @cached_property
    def labs(self) -> dict[LabKey, LabRecord]:
        """Every lab, by what makes it one, as the latest run in which it came up describes it."""
        found: dict[LabKey, LabRecord] = {}
        for run in self.runs:
            for lab in run.results.labs:
                key = LabKey.of(run, lab.id)
                if key not in found or lab.etcd is not None:
                    found[key] = lab
        return found


def judge(gathered: Gathered) -> Judgement:
    """Judge the runs as one."""
    read = {id(check): read_noted(check) for run in gathered.runs for check in run.results.checks}
    checks = tuple(
        _judged(f"c{number}", merged, read[id(merged.counts.check)])
        for number, merged in enumerate(
            merge(gathered.runs, outcome_of=lambda check: _outcome(check, read[id(check)])[0]), 1
        )
    )
    verdicts = {run.id: _verdict_alone(run, read) for run in gathered.runs}
    notes = _notes(gathered, checks, verdicts)
    return Judgement(gathered, checks, tuple(_problems(gathered)), verdicts, tuple(notes))


def _verdict_alone(run: Run, read: Mapping[int, Noted]) -> Verdict:
    """The verdict of one run by itself, judged anew."""
    outcomes = [_outcome(check, read[id(check)])[0] for check in run.results.checks]
    return verdict_of(outcomes, finished=run.results.run.finished is not None)


def _judged(anchor: str, merged: Merged, noted: Noted) -> Judged:
    outcome, because = _outcome(merged.counts.check, noted)
    return Judged(anchor, merged, outcome, noted, because)


def _outcome(check: CheckRecord, noted: Noted) -> tuple[Outcome, tuple[str, ...]]:
    """A check's outcome with its facts held against it, and what they add."""
    if check.outcome == "pass" and noted.against:
        said = "recorded as a pass, but its own facts say otherwise"
        return "fail", tuple(f"{said}: {one}" for one in noted.against)
    if noted.unreadable:
        return worst((check.outcome, "inconclusive")), tuple(f"unreadable: {one}" for one in noted.unreadable)
    return check.outcome, ()


def _problems(gathered: Gathered) -> list[Problem]:
    found = [Problem(f"Run {one.name} cannot be read", one.why) for one in gathered.unread]
    found += [
        Problem(
            f"Run {run.id} did not come to its end",
            "it was killed, or is still going on: what it would have found is not known",
        )
        for run in gathered.runs
        if run.results.run.finished is None
    ]
    found += [
        Problem(f"Run {run.id} looked at nothing", "it came to its end without a check; why is not known")
        for run in gathered.runs
        if run.results.run.finished is not None
        and not run.results.checks
        and NOTHING_TO_DO not in run.results.run.facts
    ]
    found += [Problem(title, why) for title, why in missing_shards(gathered.runs)]
    found += [
        Problem(
            f"Run {run.id} repeats a part of run {former}, which is not here",
            "what else that one found is not known; name its folder as well",
        )
        for run in gathered.runs
        for former in _repeated(run)
        if former not in {other.id for other in gathered.runs}
    ]
    if not gathered.runs:
        found.append(
            Problem("No run could be read", "there is nothing to judge; run the suites and report again")
        )
    return found


def _repeated(run: Run) -> list[str]:
    """The ids of the runs of which this one repeats what was not green."""
    told = run.results.run.facts.get(RERUN_OF, [])
    return [str(one) for one in told] if isinstance(told, list) else []


def _notes(gathered: Gathered, checks: tuple[Judged, ...], verdicts: Mapping[str, Verdict]) -> list[str]:
    found = list(gathered.notes)
    for run in gathered.runs:
        stored, judged = run.results.verdict, verdicts[run.id]
        if stored != judged:
            found.append(
                f"Run {run.id} calls itself {stored}; judged anew from its checks it is {judged}, and that counts."
            )
    harnesses = sorted({run.results.run.harness for run in gathered.runs})
    if len(harnesses) > 1:
        found.append(f"The runs were made by different versions of the harness: {', '.join(harnesses)}.")
    with_controls = sorted({one.seen.run.id for one in checks if "controls" in one.check.facts})
    if with_controls:
        found.append(
            f"Positive controls ran in between in {', '.join(with_controls)}: its times are longer for it."
        )
    return found
