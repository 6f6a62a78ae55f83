"""What Kubernetes makes of the probe: the pod's readiness, the kubelet's words, and the container that is started anew.

The kubelet runs the probe every 10 s; its liveness sister restarts the container once it has failed for a minute
(calico-etcd.yaml: periodSeconds 10, failureThreshold 6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.faults.service import ServiceFault
from calicolab.kubernetes.facts import READINESS_FAILED
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.kubernetes.facts import PodFact, ProbeFailure
    from calicolab.labs.base import Lab, Node
    from fixtures.evidence import FactRecorder

pytestmark = pytest.mark.needs("kubernetes", reason="the kubelet runs the probe")

#: Seconds for a change to be seen by the kubelet: the probe runs every 10 s, and a busy machine is late with it.
SEEN_WITHIN = 60.0
#: Seconds for six failures of the liveness probe, and for the container to come back.
RESTARTED_WITHIN = 180.0


@pytest.fixture(scope="module")
def node(lab: Lab) -> Node:
    """A node without an API server on it."""
    return lab.nodes[-1]


def pod_of(lab: Lab, node: Node) -> PodFact:
    """The pod of calico-node on a node."""
    pod = lab.kubernetes.calico_pod(node.name)
    assert pod is not None, f"{node.name} has no pod of calico-node"
    return pod


def said_of(lab: Lab, node: Node) -> ProbeFailure | None:
    """What the kubelet last said of its readiness."""
    return lab.kubernetes.unhealthy(pod_of(lab, node))


def test_the_probe_and_kubernetes_agree_on_a_healthy_node(lab: Lab, node: Node) -> None:
    """Run by us it says ready, run by the kubelet it makes the pod 1/1."""
    # A pod of which the kubelet has said much already is said no more of: past 25 events it leaves most out.
    node.calico.restart()
    wait_for(lambda: pod_of(lab, node), until=lambda pod: pod.ready, timeout=60)
    assert node.calico.readiness().ready
    assert pod_of(lab, node).readiness == "1/1"


def test_the_kubelet_quotes_the_probe(lab: Lab, node: Node, facts: FactRecorder) -> None:
    """Felix stops: 0/1, and the event's message is the probe's own, behind the kubelet's `Readiness probe failed: `."""
    before = pod_of(lab, node)
    with lab.fault(ServiceFault(node=node.name, service="felix")):
        pod = wait_for(lambda: pod_of(lab, node), until=lambda pod: not pod.ready, timeout=SEEN_WITHIN)
        failure = wait_for(
            lambda: said_of(lab, node),
            until=lambda said: said is not None and "felix is not ready" in said.verdict,
            timeout=SEEN_WITHIN,
        )
        own = node.calico.readiness()
    assert failure is not None
    facts("message", failure.message)
    facts("pod", str(pod))
    assert (pod.readiness, pod.uid, pod.restarts) == ("0/1", before.uid, before.restarts)
    assert failure.message.startswith(READINESS_FAILED)
    assert failure.verdict == own.message
    wait_for(lambda: pod_of(lab, node), until=lambda pod: pod.ready, timeout=SEEN_WITHIN + 30)


def test_a_dead_bird_is_brought_back_by_the_kubelet(lab: Lab, node: Node, facts: FactRecorder) -> None:
    """Not so without Kubernetes: the liveness probe fails for a minute, and the container is started anew."""
    before = pod_of(lab, node)
    with lab.fault(ServiceFault(node=node.name, service="bird")):
        failure = wait_for(
            lambda: said_of(lab, node),
            until=lambda said: said is not None and "querying BIRD" in said.verdict,
            timeout=SEEN_WITHIN,
        )
        assert failure is not None
        facts("message", failure.message)
        # The third failure in a row, 10 s after each other, makes the pod unready.
        wait_for(lambda: pod_of(lab, node).readiness, until=lambda shown: shown == "0/1", timeout=SEEN_WITHIN)
        after = wait_for(
            lambda: pod_of(lab, node),
            until=lambda pod: pod.restarts > before.restarts and pod.started,
            timeout=RESTARTED_WITHIN,
        )
        facts("pod", str(after))
        assert after.uid == before.uid, "another pod: that was not the kubelet's doing"
        assert after.container_id != before.container_id
        wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60)
    wait_for(lambda: pod_of(lab, node), until=lambda pod: pod.ready, timeout=60)
