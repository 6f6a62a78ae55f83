"""The founding incident as Kubernetes shows it: pods that are ready and pods that are not, and the kubelet's words.

The bridge has another name where the incident's is passed over, so that every version has this story.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calicolab.calico import strict_window
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.kubernetes.facts import READINESS_FAILED
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.kubernetes.facts import PodFact, ProbeFailure
    from calicolab.labs.base import Lab, Node
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.story import Inject

pytestmark = pytest.mark.needs("kubernetes", reason="this is its own view of the incident")

#: What the probe says before the peers' addresses.
NOT_ESTABLISHED = "calico/node is not ready: BIRD is not ready: BGP not established with "
#: Seconds between two runs of the readiness probe, by the kubelet (calico-etcd.yaml, periodSeconds).
PROBE_PERIOD = 10.0
#: Seconds that a pod which is ready can stay so in Kubernetes' eyes although the probe fails: three failures, the
#: default failureThreshold, and the time to the first.
BELIEVED_FOR = 4 * PROBE_PERIOD


@pytest.fixture(scope="module")
def bridge(lab: Lab) -> DockerBridge:
    """The incident's bridge, or one of another name where that one is passed over."""
    incidents = DockerBridge(node="node02")
    taken = incidents.applies_to(lab.calico_version, lab.kind)
    return incidents if taken else replace(incidents, bridge="mybr0")


@pytest.fixture(scope="module")
def faulty(lab: Lab, bridge: DockerBridge) -> Node:
    """The node that the bridge is on."""
    return lab.node(bridge.node)


@pytest.fixture(scope="module")
def healthy(lab: Lab, faulty: Node) -> tuple[Node, ...]:
    """The others."""
    return tuple(node for node in lab.nodes if node.name != faulty.name)


def pod_of(lab: Lab, node: Node) -> PodFact:
    """The pod of calico-node on a node."""
    pod = lab.kubernetes.calico_pod(node.name)
    assert pod is not None, f"{node.name} has no pod of calico-node"
    return pod


def said_of(lab: Lab, node: Node) -> ProbeFailure | None:
    """What the kubelet last said of the readiness of calico-node's pod on a node."""
    pod = lab.kubernetes.calico_pod(node.name)
    return None if pod is None else lab.kubernetes.unhealthy(pod)


def pods_of(lab: Lab, nodes: tuple[Node, ...]) -> tuple[PodFact, ...]:
    """The same on several nodes."""
    return tuple(pod_of(lab, node) for node in nodes)


def test_every_pod_is_ready(lab: Lab, phase: PhaseRecorder, facts: FactRecorder) -> None:
    """1/1 on every node, the rollout complete, and Calico calls the network of every node available."""
    pods = wait_for(
        lambda: pods_of(lab, tuple(lab.nodes)), until=lambda pods: all(pod.ready for pod in pods), timeout=60
    )
    assert {pod.readiness for pod in pods} == {"1/1"}
    assert lab.kubernetes.rollout().complete, str(lab.kubernetes.rollout())
    for node in lab.nodes:
        available = lab.kubernetes.node_conditions(node.name)["NetworkUnavailable"]
        assert (available.status, available.reason) == ("False", "CalicoIsUp"), str(available)
    phase("before")
    facts("pods", [str(pod) for pod in pods])


def test_the_faulty_nodes_pod_is_not_ready(
    lab: Lab, bridge: DockerBridge, faulty: Node, inject: Inject, phase: PhaseRecorder, facts: FactRecorder
) -> None:
    """The bridge appears, the pod is deleted, and its successor stays 0/1: the kubelet says which peers it lacks."""
    # Else a healthy node would still be strict, and not ready for another reason than a start.
    wait_for(
        lambda: min(strict_window.age(node) for node in lab.nodes),
        until=lambda age: age > strict_window.LENGTH,
        timeout=strict_window.LENGTH + 15,
        interval=1.0,
    )
    inject(bridge)
    before = strict_window.age(faulty)
    faulty.calico.restart()
    # Until the successor has written the file anew, its age is that of the pod before.
    wait_for(lambda: strict_window.age(faulty), until=lambda age: age < before, timeout=60)
    # In its first seconds a healthy node says the same; by now one that has a peer would be ready.
    wait_for(
        lambda: strict_window.age(faulty),
        until=lambda age: age > strict_window.LENGTH + 2 * PROBE_PERIOD,
        timeout=strict_window.LENGTH + 4 * PROBE_PERIOD,
        interval=1.0,
    )
    phase("during")
    pod, failure = pod_of(lab, faulty), said_of(lab, faulty)
    assert (pod.readiness, pod.phase, pod.started) == ("0/1", "Running", True), str(pod)
    assert failure is not None
    facts("pod", str(pod))
    facts("message", failure.message)
    assert failure.message.startswith(READINESS_FAILED)
    assert set(failure.peers_named) == {node.address for node in lab.nodes if node.name != faulty.name}


def test_the_healthy_nodes_pods_stay_ready(
    lab: Lab, bridge: DockerBridge, healthy: tuple[Node, ...], facts: FactRecorder
) -> None:
    """Nobody looks at them: their 30 s are over, one Established peer is enough, and 1/1 is what Kubernetes shows.

    Meanwhile each of them dials 172.18.0.1 in vain.
    """
    mesh = wait_for(lab.mesh, until=lambda mesh: len(mesh.strangers) == len(healthy), timeout=30)
    assert {stranger.session.peer for stranger in mesh.strangers} == {bridge.host}
    before = pods_of(lab, healthy)
    after = wait_for(
        lambda: pods_of(lab, healthy),
        until=lambda pods: all(pod.readiness == "1/1" for pod in pods),
        timeout=BELIEVED_FOR + 10,
        consecutive=int(BELIEVED_FOR) + 1,
        interval=1.0,
    )
    facts("pods", [str(pod) for pod in after])
    assert [(pod.uid, pod.restarts) for pod in after] == [(pod.uid, pod.restarts) for pod in before]


def test_kubernetes_calls_the_cut_off_node_healthy(lab: Lab, faulty: Node, facts: FactRecorder) -> None:
    """The Node stays Ready and its network "available": NetworkUnavailable is what calico-node wrote at its start."""
    conditions = lab.kubernetes.node_conditions(faulty.name)
    facts("conditions", {kind: str(condition) for kind, condition in conditions.items()})
    assert conditions["Ready"].status == "True"
    assert conditions["NetworkUnavailable"].status == "False"


def test_a_rollout_stops_at_the_faulty_node(
    lab: Lab, faulty: Node, healthy: tuple[Node, ...], facts: FactRecorder
) -> None:
    """`kubectl rollout restart`: with maxUnavailable 1 no healthy pod is made anew as long as the faulty one is 0/1."""
    before = pods_of(lab, healthy)
    old = pod_of(lab, faulty)
    lab.kubernetes.restart_rollout()
    wait_for(
        lambda: lab.kubernetes.calico_pod(faulty.name),
        until=lambda pod: pod is not None and pod.uid != old.uid and pod.started,
        timeout=60,
    )
    rollout = wait_for(
        lab.kubernetes.rollout,
        until=lambda rollout: rollout.observed and (rollout.updated, rollout.available) == (1, len(healthy)),
        timeout=strict_window.LENGTH + 2 * PROBE_PERIOD,
        consecutive=int(2 * PROBE_PERIOD),
        interval=1.0,
    )
    facts("rollout", str(rollout))
    assert rollout.max_unavailable == "1"
    assert [pod.uid for pod in pods_of(lab, healthy)] == [pod.uid for pod in before]


def test_a_healthy_pod_that_starts_again_names_the_bridge(
    lab: Lab, bridge: DockerBridge, healthy: tuple[Node, ...], facts: FactRecorder
) -> None:
    """The incident's words, from the kubelet: `Readiness probe failed: calico/node is not ready: ... 172.18.0.1`."""
    first = healthy[0]
    first.calico.restart()
    message = f"{NOT_ESTABLISHED}{bridge.host}"
    failure = wait_for(
        lambda: said_of(lab, first),
        until=lambda said: said is not None and said.verdict == message,
        timeout=strict_window.LENGTH + 2 * PROBE_PERIOD,
    )
    pod = pod_of(lab, first)
    assert failure is not None
    facts("message", failure.message)
    facts("pod", str(pod))
    assert failure.message.startswith(READINESS_FAILED)
    assert pod.readiness == "0/1"


def test_it_is_ready_again_although_nothing_was_mended(
    lab: Lab, bridge: DockerBridge, healthy: tuple[Node, ...], facts: FactRecorder
) -> None:
    """30 s after its start the probe asks for less, and Kubernetes shows 1/1 over a mesh as broken as before."""
    pod = wait_for(
        lambda: pod_of(lab, healthy[0]),
        until=lambda pod: pod.ready,
        timeout=strict_window.LENGTH + 3 * PROBE_PERIOD,
    )
    facts("pod", str(pod))
    assert strict_window.age(healthy[0]) >= strict_window.LENGTH
    mesh = lab.mesh()
    assert bridge.host in {stranger.session.peer for stranger in mesh.strangers}, str(mesh)


def test_the_cure_makes_every_pod_ready_and_the_rollout_go_on(
    lab: Lab, bridge: DockerBridge, faulty: Node, phase: PhaseRecorder, facts: FactRecorder
) -> None:
    """The bridge is taken away, the address corrected: 1/1 within two probe periods; the rollout then completes."""
    right = next(node.address for node in lab.nodes if node.name == faulty.name)
    bridge.heal(lab)
    CorrectNodeAddress(node=faulty.name, address=f"{right}/24").apply(lab)
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60)
    pod = wait_for(lambda: pod_of(lab, faulty), until=lambda pod: pod.ready, timeout=2 * PROBE_PERIOD)
    facts("pod", str(pod))
    rollout = wait_for(lab.kubernetes.rollout, until=lambda rollout: rollout.complete, timeout=240)
    facts("rollout", str(rollout))
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60, consecutive=3, interval=0.5)
    phase("after")
