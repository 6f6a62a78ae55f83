"""Small results to test with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from calicolab.evidence.model import (
    SCHEMA,
    CheckRecord,
    EtcdRecord,
    LabRecord,
    MachineRecord,
    Outcome,
    Results,
    RunRecord,
)
from calicolab.evidence.timeline import Event
from calicolab.evidence.verdict import verdict_of

STARTED = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)
LAB = "netns-v3.23.2"


def a_run(*, finished: bool = True) -> RunRecord:
    return RunRecord(
        id="20261123-110000-000000",
        started=STARTED,
        finished=STARTED + timedelta(seconds=52) if finished else None,
        command="pytest suites/",
        harness="0.1.0",
        machine=MachineRecord(
            cpu="A CPU", cores=2, memory_mib=24105, kernel="6.18", distribution="Debian 12", python="3.11.7"
        ),
    )


def a_lab() -> LabRecord:
    return LabRecord(
        id=LAB,
        kind="netns",
        nodes=3,
        calico="v3.23.2",
        kubernetes=None,
        etcd=EtcdRecord(version="3.5.16", members=3, tls=True),
        source="gomod",
        bird="debian 1.6.8",
    )


def a_check(name: str, outcome: Outcome = "pass", **changes: Any) -> CheckRecord:
    values: dict[str, Any] = {
        "id": f"suites/founding/test_incident.py::{name}",
        "lab": LAB,
        "title": name.replace("_", " "),
        "outcome": outcome,
        "reason": "" if outcome == "pass" else f"why {name}",
        "duration_s": 1.5,
        "facts": {},
        "evidence": [],
    }
    return CheckRecord(**(values | changes))


def some_results(*checks: CheckRecord, events: tuple[Event, ...] = (), finished: bool = True) -> Results:
    return Results(
        schema=SCHEMA,
        run=a_run(finished=finished),
        labs=[a_lab()],
        checks=list(checks),
        timeline=list(events),
        verdict=verdict_of((check.outcome for check in checks), finished=finished),
    )
