"""Runs to make pages of: valid, small, and as the suites write them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from calicolab.evidence.facts import to_facts
from calicolab.evidence.model import (
    SCHEMA,
    CheckRecord,
    EtcdRecord,
    LabRecord,
    ManifestChange,
    Results,
    RunRecord,
)
from calicolab.evidence.signoff import (
    AUTODETECTION,
    CURE,
    MODEL,
    UPGRADE,
    AutodetectionFact,
    Choice,
    CureFact,
    ModelFact,
    NodeUpgrade,
    PairTraffic,
    SessionGap,
    Trial,
    UpgradeFact,
)
from calicolab.evidence.timeline import Event
from calicolab.evidence.verdict import verdict_of
from tests.evidence.examples import STARTED, a_check, a_run
from tests.report.test_mesh_picture import healthy, incident
from tests.report.test_summary import phase

CONFLICTS = {
    "docker-bridge": "br-fac7e8026658 172.18.0.1/16",
    "docker-bridge-own-name": "mybr0 172.19.0.1/16",
    "podman-bridge": "cni-podman0 10.88.0.1/16",
    "vpn-tunnel": "tun0 10.8.0.6/32",
    "keepalived-vip": "eth0 192.168.21.100/32",
    "second-nic": "eth1 10.10.0.12/24",
    "nodelocaldns": "nodelocaldns 169.254.20.10/32",
}
METHODS = (
    "first-found",
    "interface=eth.*",
    "skip-interface=br-.*",
    "can-reach=192.168.21.1",
    "cidr=192.168.21.0/24",
)
VERSIONS = (
    *("v3.21.4", "v3.22.0", "v3.23.0", "v3.23.2", "v3.25.0"),
    *("v3.26.0", "v3.27.0", "v3.28.6-0.dev", "v3.30.1", "v3.31.0"),
)
OLD = VERSIONS[:4]
RIGHT = "192.168.21.12/24"
ALL_CURES = {
    "correct-node-address": "calicoctl get -o yaml, the address corrected, calicoctl apply: as in the incident.",
    "interface=eth.*": "IP_AUTODETECTION_METHOD says which interface.",
    "cidr": "IP_AUTODETECTION_METHOD says which network.",
    "IP=none": "IP=none with the right address stored: calico-node leaves it alone.",
    "bridge-removed": "The bridge is taken away.",
}


def lab(version: str, *, kind: str = "netns", nodes: int = 3, **changes: Any) -> LabRecord:
    values: dict[str, Any] = {
        "id": f"{kind}-{version}",
        "kind": kind,
        "nodes": nodes,
        "calico": version,
        "kubernetes": "v1.34.4" if kind == "kind" else None,
        "etcd": EtcdRecord(version="debian 3.5.16-4", members=3, tls=True),
        "source": "gomod",
        "bird": "debian 1.6.8-2.1+b1",
        "control_planes": 1 if kind == "kind" else 0,
        "cannot": {"Kubernetes": "there are no pods of it on namespaces"} if kind == "netns" else {},
        "provenance": {
            "calico": f"github.com/projectcalico/calico {version} h1:{version.encode().hex()}",
            "etcd": "debian 3.5.16-4",
            "runit": "debian 2.1.2-54",
        },
        "changes": [a_change()] if kind == "kind" else [],
    }
    return LabRecord(**(values | changes))


def a_change() -> ManifestChange:
    return ManifestChange(
        object="ConfigMap/calico-config",
        field="data.veth_mtu",
        before="0",
        after="1440",
        why="the incident's",
    )


def check(
    file: str, name: str, on: LabRecord, facts: dict[str, Any] | None = None, **changes: Any
) -> CheckRecord:
    outcome = changes.pop("outcome", "pass")
    clean = {key: to_facts(value) for key, value in (facts or {}).items()}
    identity = {"id": f"suites/{file}::{name}", "lab": on.id, "facts": clean}
    return a_check(name, outcome, **(identity | changes))


def cell(conflict: str, method: str, version: str) -> AutodetectionFact:
    """A cell that came out as expected."""
    interface, address = CONFLICTS[conflict].split()
    passed_over = conflict == "docker-bridge" and version not in OLD
    wrong = method == "first-found" and not passed_over and conflict != "keepalived-vip"
    choice = Choice(outcome="wrong", address=address, interface=interface) if wrong else right()
    if conflict == "keepalived-vip" and method == "can-reach=192.168.21.1":
        choice = Choice(outcome="died", message="Couldn't autodetect a valid IPv4 address")
    return AutodetectionFact(conflict=conflict, method=method, expected=choice, seen=choice)


def right() -> Choice:
    return Choice(outcome="right", address=RIGHT, interface="eth0")


def autodetection(on: LabRecord, *, without: tuple[tuple[str, str], ...] = ()) -> list[CheckRecord]:
    return [
        check(
            "autodetection/test_matrix.py",
            f"test_address[{conflict}-{method}]",
            on,
            {AUTODETECTION: cell(conflict, method, on.calico)},
            title=f"calico-node takes the expected address: {conflict}-{method}",
            duration_s=4.2,
        )
        for conflict in CONFLICTS
        for method in METHODS
        if (conflict, method) not in without
    ]


def model(on: LabRecord) -> CheckRecord:
    fact = ModelFact(layouts=50, agreed=50, seed=20261123, seconds=7.4)
    return check("autodetection/test_model.py", "test_the_model_agrees", on, {MODEL: fact}, duration_s=8.0)


def cure(on: LabRecord, name: str, **changes: Any) -> CureFact:
    incidents_own = name == "correct-node-address"
    after_two = not (incidents_own and on.calico in ("v3.30.1", "v3.31.0"))
    after_restart = not incidents_own
    trials = [
        Trial(
            what="two monitor intervals",
            lasted=after_two,
            expected=after_two,
            undone_after_s=None if after_two else 2.3,
        ),
        Trial(
            what="restart",
            lasted=after_restart,
            expected=after_restart,
            undone_after_s=None if after_restart else 0.4,
        ),
        Trial(what="upgrade to v3.31.0", lasted=None, expected=None, detail="it is the newest that is known")
        if on.calico == "v3.31.0"
        else Trial(what="upgrade to v3.31.0", lasted=after_restart, expected=after_restart),
    ]
    values: dict[str, Any] = {
        "cure": name,
        "story": ALL_CURES[name],
        "mesh_back": True,
        "mesh_back_ms": 2140.0 + 13 * len(name),
        "trials": trials,
    }
    return CureFact(**(values | changes))


def cures(on: LabRecord) -> list[CheckRecord]:
    return [
        check(
            "remediation/test_cures.py", f"test_it_lasts[{name}]", on, {CURE: cure(on, name)}, duration_s=31.5
        )
        for name in ALL_CURES
    ]


def upgrade(source: str, target: str, *, back: bool = False, lost: int = 0, waiting: str = "") -> UpgradeFact:
    names = ("node01", "node02", "node03")
    nodes = [
        NodeUpgrade(
            node=node,
            address_before=f"192.168.21.{11 + number}/24",
            address_after="172.18.0.1/16" if waiting and number == 1 else f"192.168.21.{11 + number}/24",
            began_s=20.0 + 9 * number,
            ended_s=26.0 + 9 * number,
        )
        for number, node in enumerate(names)
    ]
    pairs = [
        _pair(one, other, protocol, lost=lost if (one, other, protocol) == ("node01", "node02", "udp") else 0)
        for one in names
        for other in names
        for protocol in ("tcp", "udp")
        if one != other
    ]
    return UpgradeFact(
        source=source,
        target=target,
        direction="back" if back else "up",
        waiting=waiting,
        arrived=not waiting,
        nodes=nodes,
        pairs=pairs,
        sessions=[SessionGap(node="node02", peer="192.168.21.11", milliseconds=1840.0)],
        data="read and written by both",
    )


def _pair(source: str, target: str, protocol: str, *, lost: int) -> PairTraffic:
    samples: list[tuple[float, float | None]] = [
        (15.0 + step * 0.2, 0.35 + 0.1 * math.sin(step) + (4.0 if step % 71 == 0 else 0.0))
        for step in range(200)
    ]
    samples[60 : 60 + lost] = [(15.0 + step * 0.2, None) for step in range(60, 60 + lost)]
    return PairTraffic(
        source=source,
        target=target,
        protocol=protocol,
        sent=2000,
        lost=lost,
        worst_gap_ms=200.0 * (lost + 1) if lost else 21.5,
        median_ms=0.34,
        p99_ms=4.1,
        samples=samples,
    )


def upgrades(on: LabRecord, target: str) -> list[CheckRecord]:
    facts = {UPGRADE: [upgrade(on.calico, target), upgrade(target, on.calico, back=True)]}
    return [check("upgrade/test_neighbours.py", f"test_upgrade[to-{target}]", on, facts, duration_s=61.0)]


def founding(on: LabRecord) -> list[CheckRecord]:
    file = "founding/test_incident.py"
    if on.calico not in OLD:
        reason = "holds for Calico <3.25 only: later versions pass over bridges named br-*"
        return [
            check(file, name, on, outcome="skip", reason=reason, duration_s=0.0)
            for name in ("test_healthy", "test_a_docker_bridge_appears", "test_the_cure_brings_the_mesh_back")
        ]
    return [
        check(file, "test_healthy", on, {"phases": {"before": phase(healthy(3), t=5.0)}}, duration_s=5.0),
        check(
            file,
            "test_a_docker_bridge_appears",
            on,
            {
                "phases": {"during": phase(incident(), t=12.0)},
                "message": "BGP not established with 172.18.0.1",
            },
            duration_s=8.0,
        ),
        check(
            file,
            "test_the_cure_brings_the_mesh_back",
            on,
            {"phases": {"after": phase(healthy(3), t=19.0)}},
            duration_s=6.0,
        ),
    ]


def events(on: LabRecord, checks: list[CheckRecord]) -> list[Event]:
    """A time line on which `checks` begin one after another, with a fault in each founding story."""
    noted, now = [], 0.0
    for one in checks:
        noted.append(Event(round(now, 3), on.id, "check-started", "", one.id))
        if one.outcome != "skip" and one.id.endswith("::test_a_docker_bridge_appears"):
            noted.append(Event(round(now + 1, 3), on.id, "fault-injected", "node02", "docker-bridge"))
        if one.outcome != "skip" and one.id.endswith("::test_the_cure_brings_the_mesh_back"):
            noted.append(Event(round(now + 1, 3), on.id, "cure-applied", "node02", "correct-node-address"))
            noted.append(Event(round(now + 3.5, 3), on.id, "mesh-full"))
            noted.append(Event(round(now + 5, 3), on.id, "fault-healed", "node02", "docker-bridge"))
        now += one.duration_s
    return noted


@dataclass
class Reports:
    """A folder of runs, each with what it needs, named by the hour at which it began."""

    folder: Path
    hours: int = 0
    labs: dict[str, LabRecord] = field(default_factory=dict)

    def add(self, *checks: CheckRecord, labs: list[LabRecord] | None = None, **changes: Any) -> Path:
        """Write a run of these checks, later than those before it, and return its folder.

        Changes are fields of its record, and `events`, `verdict` and `unfinished` of the run.
        """
        self.hours += 1
        started = STARTED + timedelta(hours=self.hours)
        finished = None if changes.pop("unfinished", False) else started + timedelta(minutes=20)
        verdict = changes.pop("verdict", None)
        timeline = changes.pop("events", [])
        values = {"id": f"20261123-{11 + self.hours:02}0000-000000", "started": started, "finished": finished}
        run: RunRecord = msgspec.structs.replace(a_run(), **(values | changes))
        results = Results(
            schema=SCHEMA,
            run=run,
            labs=labs if labs is not None else [lab(version) for version in _versions(checks)],
            checks=list(checks),
            timeline=timeline,
            verdict=verdict or verdict_of((one.outcome for one in checks), finished=finished is not None),
        )
        return self.write(results)

    def write(self, results: Results, *, name: str = "") -> Path:
        folder = self.folder / (name or results.run.id)
        folder.mkdir(parents=True)
        (folder / "results.json").write_bytes(msgspec.json.encode(results))
        return folder


def _versions(checks: tuple[CheckRecord, ...]) -> list[str]:
    return list(dict.fromkeys(one.lab.partition("-")[2] for one in checks if one.lab))


def a_night(reports: Reports) -> list[Path]:
    """Ten runs, one a version: all suites, everything as expected."""
    folders = []
    for number, version in enumerate(VERSIONS):
        on = lab(version)
        checks = [*founding(on), *autodetection(on), model(on), *cures(on)]
        if version != VERSIONS[-1]:
            checks += upgrades(on, VERSIONS[number + 1])
        folders.append(reports.add(*checks, labs=[on], events=events(on, checks)))
    return folders
