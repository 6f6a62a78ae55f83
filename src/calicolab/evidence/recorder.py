"""Put together what the processes of a run report, and write it down after every check.

A check is reported in parts (set-up, call, tear-down), by this process or by a worker of pytest-xdist; its outcome is
the worst of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from calicolab.evidence.model import SCHEMA, CheckRecord, LabRecord, Outcome, Results, RunRecord
from calicolab.evidence.timeline import Event
from calicolab.evidence.verdict import verdict_of, worst

if TYPE_CHECKING:
    from collections.abc import Callable

    from calicolab.evidence.store import RunStore


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How long a process has been at its checks, and how much of the processor it took itself for them."""

    process: str
    wall_s: float
    cpu_s: float


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one phase of one check has to report; it crosses from a worker as JSON."""

    check: str
    lab: str
    #: "" when it is not known.
    title: str
    outcome: Outcome
    reason: str = ""
    seconds: float = 0.0
    facts: dict[str, Any] = {}
    evidence: list[str] = []
    events: list[Event] = []
    labs: list[LabRecord] = []
    effort: Effort | None = None


@dataclass
class _Check:
    """A check that was collected, and its parts as they come in."""

    check: str
    lab: str
    title: str
    began: bool = False
    parts: list[Part] = field(default_factory=list)

    def record(self, *, missing: str = "") -> CheckRecord:
        """The check as it stands; `missing` is why it has no more parts, "" when it has all."""
        outcomes: list[Outcome] = [part.outcome for part in self.parts]
        reasons = [part.reason for part in self.parts if part.reason]
        if missing:
            outcomes.append("inconclusive")
            reasons.append(missing)
        return CheckRecord(
            id=self.check,
            lab=self.lab,
            title=self.title,
            outcome=worst(outcomes),
            reason="\n\n".join(reasons),
            duration_s=round(sum(part.seconds for part in self.parts), 3),
            facts={key: value for part in self.parts for key, value in part.facts.items()},
            evidence=[name for part in self.parts for name in part.evidence],
        )


@dataclass
class Recorder:
    """The growing results of a run; `store` has them on disk after every check."""

    store: RunStore
    run: RunRecord
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _checks: dict[tuple[str, str], _Check] = field(default_factory=dict)
    _done: dict[tuple[str, str], CheckRecord] = field(default_factory=dict)
    _labs: dict[str, LabRecord] = field(default_factory=dict)
    _events: list[Event] = field(default_factory=list)
    _efforts: dict[str, Effort] = field(default_factory=dict)

    def expect(self, *, check: str, lab: str, title: str) -> None:
        """Note a check that is going to run; if it never does, the results say so."""
        self._checks.setdefault((check, lab), _Check(check, lab, title))

    def expect_lab(self, lab: LabRecord) -> None:
        """Note a lab that is asked for, until more is known of it."""
        self._labs.setdefault(lab.id, lab)

    def began(self, *, check: str, lab: str) -> None:
        """Note that a check has begun."""
        if (check, lab) in self._checks:
            self._checks[check, lab].began = True

    def add(self, part: Part) -> None:
        """Take in a part of a check."""
        self.expect(check=part.check, lab=part.lab, title=part.title)
        check = self._checks[part.check, part.lab]
        check.title = part.title or check.title  # who collected it may have had nothing but its id to go by
        check.parts.append(part)
        self.add_events(part.events)
        self._labs |= {lab.id: lab for lab in part.labs}
        if part.effort is not None:
            self._efforts[part.effort.process] = part.effort

    def add_events(self, events: list[Event]) -> None:
        """Take in events of the time line."""
        self._events += events

    def add_effort(self, effort: Effort) -> None:
        """Take in how much a process has worked by now."""
        self._efforts[effort.process] = effort

    def note(self, key: str, value: Any) -> None:
        """Note a fact of the run as a whole."""
        self.run = msgspec.structs.replace(self.run, facts=self.run.facts | {key: value})

    def done(self, *, check: str, lab: str) -> CheckRecord:
        """Note that a check has reported all its parts, write the results and return its record."""
        record = self._done[check, lab] = self._checks[check, lab].record()
        self.store.write_results(self.results())
        return record

    def finish(self, *, cut_short: str) -> Results:
        """End the run, write the results and return them.

        Args:
            cut_short: why checks that were expected did not run or did not end, such as "the run was interrupted".
        """
        for key, check in self._checks.items():
            if key not in self._done:
                missing = f"{'not ended' if check.began else 'not run'}: {cut_short}"
                self._done[key] = check.record(missing=missing)
        self.run = msgspec.structs.replace(
            self.run, finished=self.now(), facts=self.run.facts | self._facts()
        )
        results = self.results()
        self.store.write_results(results)
        return results

    def results(self) -> Results:
        """The results as they stand."""
        checks = [self._done[key] for key in self._checks if key in self._done]
        return Results(
            schema=SCHEMA,
            run=self.run,
            labs=list(self._labs.values()),
            checks=checks,
            timeline=sorted(self._events, key=lambda event: event.t),
            verdict=verdict_of((check.outcome for check in checks), finished=self.run.finished is not None),
        )

    def _facts(self) -> dict[str, Any]:
        wall = sum(effort.wall_s for effort in self._efforts.values())
        if wall <= 0:
            return {}
        cpu = sum(effort.cpu_s for effort in self._efforts.values())
        return {
            "checks_wall_s": round(wall, 3),
            "harness_cpu_s": round(cpu, 3),
            "harness_share": round(cpu / wall, 4),
        }
