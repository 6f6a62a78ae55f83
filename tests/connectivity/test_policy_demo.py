"""The demo's policies and its expectations were written side by side: a model of NetworkPolicy agrees with both."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from calicolab.connectivity import kubernetes_pods
from calicolab.connectivity.matrix import PodMatrix
from calicolab.connectivity.pods import Reach
from calicolab.connectivity.policy_demo import HOMES, OPEN, STEPS, TRAFFIC, PolicyDemo
from calicolab.kubernetes.cluster import Cluster
from tests.kubernetes.fake_api import FakeApi


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return all(labels.get(name) == value for name, value in wanted.items())


def comes_in(rule: dict[str, Any], source: str, traffic: str, *, namespace: str) -> bool:
    peers = [
        matches(peer["podSelector"], {"role": source}) and HOMES[source] == namespace
        if "podSelector" in peer
        else matches(peer["namespaceSelector"], {"home": HOMES[source]})
        for peer in rule["from"]
    ]
    ports = [port["protocol"].lower() == traffic for port in rule.get("ports", [])]
    return any(peers) and (not ports or any(ports))


def allowed(policies: Sequence[dict[str, Any]], source: str, target: str, traffic: str) -> bool:
    """What Kubernetes says: a pod that no policy selects takes all; one that some do, what any of them allows."""
    selecting = [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == HOMES[target]
        and matches(policy["spec"]["podSelector"], {"role": target})
    ]
    return not selecting or any(
        comes_in(rule, source, traffic, namespace=HOMES[target])
        for policy in selecting
        for rule in policy["spec"]["ingress"]
    )


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_the_expectations_are_those_of_the_policies(count: int) -> None:
    policies = [policy for step in STEPS[:count] for policy in step.policies]
    ways = {
        (source, target, traffic)
        for source in HOMES
        for target in HOMES
        for traffic in TRAFFIC
        if source != target and allowed(policies, source, target, traffic)
    }
    assert ways == STEPS[count - 1].open


def test_every_step_changes_something_and_tells_tcp_from_udp() -> None:
    for one, other in itertools.pairwise(STEPS):
        assert one.open != other.open
        assert other.policies
    last = STEPS[-1].open
    assert ("client", "frontend", "tcp") in last
    assert ("client", "frontend", "udp") not in last
    assert ("client", "backend", "tcp") not in last
    assert ("backend", "frontend", "tcp") not in last


def test_a_matrix_is_compared_way_by_way() -> None:
    results = tuple(
        Reach(source, target, kind, reached=True, detail="", milliseconds=1.0)
        for source in HOMES
        for target in HOMES
        if source != target
        for kind in TRAFFIC
    )
    matrix = PodMatrix(nodes=dict.fromkeys(HOMES, "node01"), results=results)
    assert not matrix.differing(OPEN.expects)
    wrong = matrix.differing(STEPS[1].expects)
    assert len(wrong) == 18
    text = matrix.side_by_side(STEPS[1].expects)
    assert text.count("<---- WRONG") == 18
    line = next(line for line in text.splitlines() if "client -> frontend" in line and " udp " in line)
    assert line.split()[3:7] == ["udp", "cut", "reached", "in"]
    kept = next(line for line in text.splitlines() if "client -> management" in line)
    assert "WRONG" not in kept


def test_nothing_is_left_when_the_pods_do_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_pods, "START_TIMEOUT", 0.1)
    with (
        FakeApi() as api,
        Cluster(api.kubeconfig) as cluster,
        pytest.raises(Exception, match="the test pods do not serve"),
        PolicyDemo(cluster, image="pod:1", nodes=["node01", "node02"]),
    ):
        pass
    pods = api.objects["/api/v1/pods"]
    assert sorted(pods) == [
        "demo-office/management",
        "demo-shop/backend",
        "demo-shop/frontend",
        "demo-town/client",
    ]
    assert [pods[name]["spec"]["nodeName"] for name in ("demo-shop/frontend", "demo-shop/backend")] == [
        "node01",
        "node02",
    ]
    assert api.objects["/api/v1/namespaces"] == {}
