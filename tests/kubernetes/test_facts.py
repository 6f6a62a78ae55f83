"""Objects of Kubernetes, as facts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calicolab.kubernetes import facts
from tests.kubernetes import shapes

RECORDED = Path(__file__).with_name("recorded") / "v1.34.4.json"
SAID = "calico/node is not ready: BIRD is not ready: BGP not established with 172.18.0.1"


def test_a_pod() -> None:
    found = facts.pod(shapes.pod("calico-node-x", uid="u1", ready=False, restarts=2))
    assert (found.readiness, found.ready, found.started, found.restarts) == ("0/1", False, True, 2)
    assert (found.node, found.owner, found.container_id) == (
        "node02",
        "DaemonSet/calico-node",
        "containerd://u1",
    )
    assert str(found) == "kube-system/calico-node-x (u1): 0/1, Running, 2 restarts, on node02"


def test_a_pod_that_waits_and_one_that_ends() -> None:
    waits = facts.pod(shapes.pod("a", uid="u1", running=False, ready=False))
    assert (waits.started, waits.waiting) == (False, "CreateContainerConfigError")
    assert facts.pod(shapes.pod("a", uid="u1", deleted=True)).deleted
    bare = facts.pod({"metadata": {"name": "a"}})
    assert (bare.started, bare.readiness, bare.node) == (False, "0/0", "")


def test_the_probes_words_are_taken_out_of_the_kubelets() -> None:
    log = "2026-11-23 12:00:00.000 [INFO][9] confd/health.go 180: Number of node(s) with BGP peering established = 0"
    failure = facts.probe_failure(shapes.event(f"Readiness probe failed: {log}\n{SAID}\n", uid="u1", count=3))
    assert failure is not None
    assert failure.message == f"Readiness probe failed: {log}\n{SAID}\n"
    assert failure.verdict == SAID
    assert failure.said == f"{log}\n{SAID}"
    assert (failure.count, failure.last) == (3, datetime(2026, 11, 23, 12, 1, tzinfo=UTC))


def test_other_events_are_no_probe_failures() -> None:
    assert facts.probe_failure(shapes.event("Liveness probe failed: x", uid="u1")) is None
    assert facts.probe_failure({**shapes.event(SAID, uid="u1"), "reason": "BackOff"}) is None


def test_an_event_in_a_series_tells_its_last_time() -> None:
    found = shapes.event("Readiness probe failed: x", uid="u1")
    found |= {
        "eventTime": "2026-11-23T12:00:00.123456Z",
        "firstTimestamp": None,
        "lastTimestamp": None,
        "count": None,
        "series": {"count": 7, "lastObservedTime": "2026-11-23T12:05:00.5Z"},
    }
    failure = facts.probe_failure(found)
    assert failure is not None
    assert (failure.count, failure.last.minute, failure.first.microsecond) == (7, 5, 123456)


def test_a_rollout() -> None:
    assert facts.rollout(shapes.daemonset(updated=3, available=3)).complete
    stalled = facts.rollout(shapes.daemonset(updated=1, available=2))
    assert not stalled.complete
    assert (stalled.max_unavailable, str(stalled)) == ("1", "calico-node: 1 of 3 updated, 2 available")
    unseen = facts.rollout(shapes.daemonset(updated=3, available=3, observed=1))
    assert not unseen.complete
    assert "not yet seen" in str(unseen)


@pytest.mark.parametrize(
    ("spec", "conditions", "why"),
    [
        ({}, {"Ready": "True", "NetworkUnavailable": "False"}, ()),
        ({"taints": [{"key": "soft", "effect": "PreferNoSchedule"}]}, {}, ()),
        ({"unschedulable": True}, {}, ("cordoned",)),
        ({"taints": [{"key": "own", "effect": "NoSchedule"}]}, {}, ("taint own:NoSchedule",)),
        ({}, {"NetworkUnavailable": "True"}, ("NetworkUnavailable True (CalicoIsDown: )",)),
        ({}, {"Ready": "Unknown"}, ("Ready Unknown (CalicoIsDown: )",)),
    ],
)
def test_what_keeps_pods_off_a_node(spec: object, conditions: dict[str, str], why: tuple[str, ...]) -> None:
    shown = [{"type": kind, "status": said, "reason": "CalicoIsDown"} for kind, said in conditions.items()]
    assert facts.keeps_pods_off({"spec": spec, "status": {"conditions": shown}}) == why


def test_a_nodes_conditions() -> None:
    found = facts.conditions(shapes.node("node01"))
    assert (found["NetworkUnavailable"].status, found["NetworkUnavailable"].reason) == ("False", "CalicoIsUp")
    assert facts.conditions({"metadata": {"name": "x"}}) == {}


def test_what_a_cluster_really_said() -> None:
    """Recorded on the kind lab with Calico v3.31.0, after the incident's story; what is not read was left out."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    pod = facts.pod(recorded["pod"])
    assert (pod.readiness, pod.ready, pod.started, pod.restarts, pod.waiting) == ("1/1", True, True, 1, "")
    assert (pod.node, pod.address, pod.owner) == ("node03", "192.168.31.12", "DaemonSet/calico-node")
    assert pod.container_id.startswith("containerd://d92a")
    failure = facts.probe_failure(recorded["event"])
    assert failure is not None
    assert (failure.verdict, failure.peers_named) == (SAID, ("172.18.0.1",))
    assert failure.last == datetime(2026, 11, 23, 15, 54, 46, tzinfo=UTC)
    rollout = facts.rollout(recorded["daemonset"])
    assert rollout.complete
    assert rollout.unavailable == 0
    conditions = facts.conditions(recorded["node"])
    assert conditions["NetworkUnavailable"].reason == "CalicoIsUp"
    assert conditions["Ready"].status == "True"
