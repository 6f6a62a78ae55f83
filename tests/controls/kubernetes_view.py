"""The controls of what Kubernetes shows: suites/founding/test_kubernetes_view.py and the readiness suite's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calicolab.faults.cures import CorrectNodeAddress
from tests.controls import sabotages
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.controls.control import Scene

STORY = "suites/founding/test_kubernetes_view.py"
READINESS = "suites/readiness/test_kubernetes_readiness.py"


def _seen(fact: str, change: Callable[[Any], Any]) -> Callable[[Scene], Any]:
    """Have the API server show something else: one of the cluster's facts is changed on its way."""

    @contextmanager
    def act(scene: Scene) -> Iterator[None]:
        cluster = scene.lab.kubernetes
        real = getattr(cluster, fact)
        scene.patch.setattr(cluster, fact, lambda *arguments: change(real(*arguments)))
        yield

    return act


def _unready(pod: Any) -> Any:
    return replace(pod, ready=False, ready_containers=0)


def _ready(pod: Any) -> Any:
    return replace(pod, ready=True, ready_containers=1)


@contextmanager
def _felix_down(scene: Scene) -> Iterator[None]:
    """The check is red once the kubelet has seen it, within two periods of the probe."""
    node = scene.lab.nodes[-1].name
    with sabotages.service_down(scene.lab, node, "felix"):
        cluster = scene.lab.kubernetes
        scene.ripe = lambda: not cluster.calico_pod(node).ready
        yield


@contextmanager
def _passed_over(scene: Scene) -> Iterator[None]:
    bridge = replace(scene.arguments["bridge"], bridge="docker0")
    scene.arguments["bridge"] = bridge
    yield


@contextmanager
def _window_shut(scene: Scene) -> Iterator[None]:
    healthy = scene.arguments["healthy"]
    sabotages.restarts_long_ago(scene, healthy[0])
    scene.ripe = sabotages.established(healthy[0], healthy[1])
    yield


@contextmanager
def _not_applied(scene: Scene) -> Iterator[None]:
    scene.patch.setattr(CorrectNodeAddress, "apply", sabotages.nothing)
    bridge = scene.arguments["bridge"]
    try:
        yield
    finally:
        if bridge.healed(scene.lab):
            bridge.inject(scene.lab)


@contextmanager
def _wrong_service(scene: Scene) -> Iterator[None]:
    """The check's fault hits confd, of which no probe asks."""
    right = scene.module.ServiceFault

    def wrong(**options: Any) -> Any:
        return right(**{**options, "service": "confd"})

    scene.patch.setattr(scene.module, "ServiceFault", wrong)
    yield


CONTROLS = {
    f"{STORY}::test_every_pod_is_ready": (
        Sabotage(
            "network-unavailable",
            "the Nodes are shown without Calico's word on their network",
            act=_seen("node_conditions", lambda found: {**found, "NetworkUnavailable": found["Ready"]}),
            says="Ready True",
        ),
    ),
    f"{STORY}::test_the_faulty_nodes_pod_is_not_ready": (
        Sabotage(
            "passed-over",
            "the bridge is called docker0, a name that autodetection passes over",
            act=_passed_over,
            says="1/1",
            patience=90.0,
        ),
    ),
    f"{STORY}::test_the_healthy_nodes_pods_stay_ready": (
        Sabotage(
            "felix-down",
            "Felix is stopped on node03, a healthy node, and the kubelet has seen it",
            act=_felix_down,
            says="last state: .*0/1",
        ),
        Sabotage(
            "another-pod",
            "the pods are shown to be others each time",
            act=_seen(
                "calico_pod", lambda pod: replace(pod, uid=f"{id(object())}{pod.uid}", restarts=id(pod))
            ),
            says="assert ",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_kubernetes_calls_the_cut_off_node_healthy": (
        Sabotage(
            "unready-node",
            "the Node is shown to be not Ready",
            act=_seen(
                "node_conditions",
                lambda found: {**found, "Ready": replace(found["Ready"], status="Unknown")},
            ),
            says="Unknown",
        ),
    ),
    f"{STORY}::test_a_rollout_stops_at_the_faulty_node": (
        Sabotage(
            "goes-on",
            "the rollout is shown to have got to a second pod",
            act=_seen("rollout", lambda rollout: replace(rollout, updated=2)),
            says="2 of 3 updated",
            patience=30.0,
        ),
    ),
    f"{STORY}::test_a_healthy_pod_that_starts_again_names_the_bridge": (
        Sabotage(
            "window-shut",
            "the file that tells when calico-node started on node01 is an hour old: the strict window is over",
            act=_window_shut,
            says="last state: ",
        ),
    ),
    f"{STORY}::test_it_is_ready_again_although_nothing_was_mended": (
        Sabotage(
            "stays-unready",
            "the pod is shown to be 0/1",
            act=_seen("calico_pod", _unready),
            says="last state: .*0/1",
            patience=70.0,
        ),
    ),
    f"{STORY}::test_the_cure_makes_every_pod_ready_and_the_rollout_go_on": (
        Sabotage(
            "not-applied", "the address is not corrected", act=_not_applied, says="stranger: ", patience=8.0
        ),
    ),
    f"{READINESS}::test_the_probe_and_kubernetes_agree_on_a_healthy_node": (
        Sabotage(
            "felix-down", "Felix is stopped on the node", act=_felix_down, says="felix is not ready|0/1"
        ),
    ),
    f"{READINESS}::test_the_kubelet_quotes_the_probe": (
        Sabotage(
            "wrong-service",
            "confd is stopped instead of Felix",
            act=_wrong_service,
            says="1/1",
            patience=30.0,
        ),
    ),
    f"{READINESS}::test_a_dead_bird_is_brought_back_by_the_kubelet": (
        Sabotage(
            "wrong-service",
            "confd is stopped instead of BIRD",
            act=_wrong_service,
            says="last state: ",
            patience=30.0,
        ),
    ),
}
