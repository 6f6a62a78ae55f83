"""What results.json holds, schema 1: facts first, the verdict last.

Everything else of a report (the page, JUnit) is rendered from these and can be rendered again later.
"""

from __future__ import annotations

from datetime import datetime  # msgspec reads the annotations when it decodes
from typing import Any, Literal

import msgspec

from calicolab.evidence.timeline import Event

#: Number of this layout. A test's id and its facts change only with it.
SCHEMA = 1

Outcome = Literal["pass", "fail", "inconclusive", "skip"]
Verdict = Literal["pass", "fail", "inconclusive"]


class MachineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The machine of a run. No host name, user or path is in it."""

    cpu: str
    cores: int
    memory_mib: int
    kernel: str
    distribution: str
    python: str


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `finished` is None while it goes on, and stays so when it was killed."""

    id: str
    started: datetime
    finished: datetime | None
    command: str
    #: Version of this package.
    harness: str
    machine: MachineRecord
    #: What is known of the run as a whole: the harness's own share of its time; which "shard" it is, such as "2/4"; the
    #: ids of the runs that it repeats in part, "rerun_of"; why it had no check at all, "nothing_to_do".
    facts: dict[str, Any] = {}


class EtcdRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The datastore of a lab."""

    version: str
    members: int
    tls: bool


class ManifestChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field of upstream's manifest that the lab set; what is secret in it is left out."""

    #: Such as "DaemonSet/calico-node".
    object: str
    field: str
    before: str
    after: str
    why: str


class LabRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A lab and what it is made of; None where that is not known, as of a lab that never came up."""

    id: str
    kind: Literal["netns", "kind", "attached"]
    nodes: int
    calico: str
    kubernetes: str | None
    etcd: EtcdRecord | None
    source: str | None
    #: Such as "debian 1.6.8" or "calico fork v0.3.3+birdv1.6.8".
    bird: str | None
    #: How many of the nodes run an API server.
    control_planes: int = 0
    #: What it cannot do that other labs can, and why.
    cannot: dict[str, str] = {}
    #: What was changed of upstream's manifest.
    changes: list[ManifestChange] = []
    #: Where each of its parts comes from, such as {"etcd": "debian 3.5.16-4"}.
    provenance: dict[str, str] = {}


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One check on one lab. `id` does not name the lab, so that labs can be compared."""

    id: str
    #: The lab's id; "" for a check that needs none.
    lab: str
    title: str
    outcome: Outcome
    #: Why it is not "pass"; "" when it is.
    reason: str
    duration_s: float
    facts: dict[str, Any]
    #: Files collected for it, relative to the run's folder.
    evidence: list[str]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a run."""

    schema: int
    run: RunRecord
    labs: list[LabRecord]
    checks: list[CheckRecord]
    timeline: list[Event]
    verdict: Verdict
