"""A cluster over HTTP: facts without requests, and what is asked of it."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator

import pytest

from calicolab.errors import LabError, UsageError
from calicolab.kubernetes import api as api_module
from calicolab.kubernetes import watched
from calicolab.kubernetes.cluster import Cluster
from calicolab.kubernetes.errors import ApiRefused, ApiSilent
from calicolab.wait import wait_for
from tests.kubernetes import shapes
from tests.kubernetes.fake_api import FakeApi, kubeconfig

PODS, EVENTS, NODES, SETS = "/api/v1/pods", "/api/v1/events", "/api/v1/nodes", "/apis/apps/v1/daemonsets"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}
PROGRAM = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "program", "namespace": "demo"},
    "data": {"x": "1"},
}


@pytest.fixture
def server() -> Iterator[FakeApi]:
    with FakeApi() as fake:
        yield fake


@pytest.fixture
def cluster(server: FakeApi) -> Iterator[Cluster]:
    with Cluster(server.kubeconfig) as found:
        yield found


def test_asking_again_costs_no_request(server: FakeApi, cluster: Cluster) -> None:
    server.put(PODS, shapes.pod("calico-node-a", uid="u1"))
    assert cluster.calico_pod("node02") is not None
    wait_for(lambda: server.requests[-1], until=lambda request: "watch=true" in request, timeout=5)
    before = len(server.requests)
    server.put(PODS, shapes.pod("calico-node-a", uid="u1", ready=False))
    found = wait_for(
        lambda: cluster.calico_pod("node02"), until=lambda pod: pod is not None and not pod.ready, timeout=5
    )
    assert found is not None
    assert found.readiness == "0/1"
    assert len(server.requests) == before


def test_the_pod_that_is_ending_gives_way_to_its_successor(server: FakeApi, cluster: Cluster) -> None:
    server.put(PODS, shapes.pod("calico-node-a", uid="u1", deleted=True))
    server.put(PODS, shapes.pod("calico-node-b", uid="u2"))
    server.put(PODS, shapes.pod("calico-node-c", uid="u3", node="node03"))
    assert [pod.name for pod in cluster.pods("kube-system")] == [
        "calico-node-a",
        "calico-node-b",
        "calico-node-c",
    ]
    found = cluster.calico_pod("node02")
    assert found is not None
    assert found.name == "calico-node-b"
    assert cluster.calico_pod("node01") is None


def test_the_last_word_of_a_pods_probe(server: FakeApi, cluster: Cluster) -> None:
    server.put(PODS, shapes.pod("calico-node-a", uid="u2"))
    server.put(EVENTS, shapes.event("Readiness probe failed: early", uid="u2", name="a", at="12:01:00"))
    server.put(EVENTS, shapes.event("Readiness probe failed: late", uid="u2", name="b", at="12:02:00"))
    server.put(EVENTS, shapes.event("Readiness probe failed: another", uid="u1", name="c", at="12:03:00"))
    pod = cluster.calico_pod("node02")
    assert pod is not None
    failure = cluster.unhealthy(pod)
    assert failure is not None
    assert failure.said == "late"
    assert "early" in cluster.events()


def test_rollouts_and_conditions(server: FakeApi, cluster: Cluster) -> None:
    server.put(SETS, shapes.daemonset(updated=1, available=2))
    server.put(NODES, shapes.node("node01"))
    assert not cluster.rollout().complete
    assert cluster.node_conditions("node01")["Ready"].status == "True"
    with pytest.raises(UsageError, match="no Node node09: there are node01"):
        cluster.node_conditions("node09")
    with pytest.raises(LabError, match="no DaemonSet kube-system/other"):
        cluster.rollout("other")
    cluster.restart_rollout()
    (found,) = server.objects[SETS].values()
    assert "kubectl.kubernetes.io/restartedAt" in found["spec"]["template"]["metadata"]["annotations"]


def test_a_deleted_pod_is_waited_for_until_its_successor_runs(server: FakeApi, cluster: Cluster) -> None:
    server.put(PODS, shapes.pod("calico-node-a", uid="u1"))
    server.put(PODS, shapes.pod("calico-node-c", uid="u3", node="node03"))
    assert cluster.calico_pod("node02") is not None

    def controller() -> None:
        wait_for(lambda: len(server.objects[PODS]), until=lambda count: count == 1, timeout=5)
        server.put(PODS, shapes.pod("calico-node-b", uid="u2", running=False))
        server.put(PODS, shapes.pod("calico-node-b", uid="u2"))

    thread = threading.Thread(target=controller)
    thread.start()
    successor = cluster.delete_pod("calico-node-a", timeout=10)
    thread.join()
    assert (successor.name, successor.started) == ("calico-node-b", True)


def test_a_pod_without_successor_is_said(server: FakeApi, cluster: Cluster) -> None:
    server.put(PODS, shapes.pod("calico-node-a", uid="u1"))
    with pytest.raises(LabError, match=r"calico-node-a .* was deleted and had no successor that runs"):
        cluster.delete_pod("calico-node-a", timeout=0.1)
    with pytest.raises(LabError, match="no pod kube-system/calico-node-a that something would make anew"):
        cluster.delete_pod("calico-node-a")


def test_objects_are_applied_and_deleted(server: FakeApi, cluster: Cluster) -> None:
    cluster.apply([NAMESPACE, PROGRAM])
    assert cluster.namespaces() == ("demo",)
    assert server.objects["/api/v1/configmaps"]["demo/program"]["data"] == {"x": "1"}
    cluster.delete([NAMESPACE, PROGRAM])
    cluster.delete([NAMESPACE, PROGRAM])
    deletes = [request for request in server.requests if request.startswith("DELETE")]
    assert deletes[0].startswith("DELETE /api/v1/namespaces/demo/configmaps/program")
    assert server.objects["/api/v1/namespaces"] == {}


def test_a_conflict_names_the_object_and_who_else_wants_it(server: FakeApi, cluster: Cluster) -> None:
    server.conflict = 'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.x'
    with pytest.raises(LabError, match=r'ConfigMap demo/program could not be applied: .*409: .*"kubectl"'):
        cluster.apply([PROGRAM])


def test_a_kind_that_there_is_not_is_said(cluster: Cluster) -> None:
    with pytest.raises(LabError, match=r"IPPool x could not be applied: .* has no such kind"):
        cluster.apply(
            [{"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": {"name": "x"}}]
        )


def test_a_server_that_hangs_is_one_clear_error(
    server: FakeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_module, "READ_TIMEOUT", 0.2)
    monkeypatch.setattr(watched, "STALE", 0.3)
    server.ill = "hangs"
    with pytest.raises(ApiSilent, match=r"does not answer \(.*kubelet and containerd logs"):
        cluster.version()
    with pytest.raises(ApiSilent, match="does not answer"):
        cluster.pods()


def test_nobody_at_the_servers_address_is_the_same_error() -> None:
    with Cluster(kubeconfig("http://127.0.0.1:1")) as nobody, pytest.raises(ApiSilent, match="refused"):
        nobody.version()


def test_a_server_that_is_ill_is_quoted(server: FakeApi, cluster: Cluster) -> None:
    server.ill = "refuses"
    with pytest.raises(ApiRefused, match="500: etcd is down"):
        cluster.version()


def test_a_watch_survives_an_old_version(server: FakeApi, cluster: Cluster) -> None:
    server.put(PODS, shapes.pod("calico-node-a", uid="u1"))
    server.oldest = 2
    assert [pod.name for pod in cluster.pods()] == ["calico-node-a"]
    wait_for(lambda: server.requests.count("GET /api/v1/pods"), until=lambda lists: lists >= 2, timeout=5)
    server.oldest = 0
    server.put(PODS, shapes.pod("calico-node-b", uid="u2"))
    wait_for(lambda: len(cluster.pods()), until=lambda count: count == 2, timeout=5)


def test_its_file_is_private_and_ends_with_it(server: FakeApi) -> None:
    with Cluster(server.kubeconfig) as cluster:
        path = cluster.kubeconfig
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        cluster.version()
    assert not path.parent.exists()
