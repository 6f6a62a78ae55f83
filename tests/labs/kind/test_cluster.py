"""kind is told what the incident's cluster was: an external etcd, its names, and no network plugin of kind's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calicolab.engine import Engine
from calicolab.errors import LabError
from calicolab.labs.kind import cluster, topology

if TYPE_CHECKING:
    from collections.abc import Callable

ENDPOINTS = ["https://192.168.21.2:2379", "https://192.168.21.3:2379"]
MOUNTS = [cluster.Mount(Path("/run/a"), "/etc/a"), cluster.Mount(Path("/run/b"), "/etc/b", read_only=False)]


def configured(*, nodes: int = 3, control_planes: int = 1) -> dict[str, Any]:
    """kind's configuration, written as YAML and read again: what kind gets."""
    plan = topology.plan("kind-1", nodes=nodes, control_planes=control_planes)
    made = cluster.configuration(plan, image="node:v1", etcd_endpoints=ENDPOINTS, mounts=MOUNTS)
    read: dict[str, Any] = yaml.safe_load(yaml.safe_dump(made))
    return read


def patches(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The patches of a cluster or a node, each text parsed, by what they are for."""
    parsed = [yaml.safe_load(text) for text in of["kubeadmConfigPatches"]]
    assert len({patch["kind"] for patch in parsed}) == len(parsed)
    return {patch.pop("kind"): patch for patch in parsed}


def test_the_cluster_has_its_name_and_no_network_plugin() -> None:
    made = configured()
    assert (made["kind"], made["apiVersion"], made["name"]) == ("Cluster", "kind.x-k8s.io/v1alpha4", "kind-1")
    assert made["networking"] == {"disableDefaultCNI": True, "podSubnet": "10.244.0.0/16"}


def test_kubeadm_uses_the_external_etcd_with_a_client_certificate() -> None:
    assert patches(configured())["ClusterConfiguration"] == {
        "etcd": {
            "external": {
                "endpoints": ENDPOINTS,
                "caFile": "/etc/kubernetes/pki/etcd/ca.crt",
                "certFile": "/etc/kubernetes/pki/etcd/client.crt",
                "keyFile": "/etc/kubernetes/pki/etcd/client.key",
            }
        }
    }


def test_kubelet_and_kube_proxy_get_along_without_what_this_machine_withholds() -> None:
    said = patches(configured())
    assert said["KubeletConfiguration"] == {
        "featureGates": {"KubeletInUserNamespace": True},
        "failCgroupV1": False,
    }
    assert said["KubeProxyConfiguration"] == {"conntrack": {"maxPerCore": 0}}


@pytest.mark.parametrize("control_planes", [1, 3])
def test_nodes_have_their_roles_names_image_and_mounts(control_planes: int) -> None:
    nodes = configured(nodes=4, control_planes=control_planes)["nodes"]
    assert [node["role"] for node in nodes] == [
        *["control-plane"] * control_planes,
        *["worker"] * (4 - control_planes),
    ]
    # kubeadm begins with the first; every other one joins, control planes too.
    assert [patches(node) for node in nodes] == [
        {"InitConfiguration": {"nodeRegistration": {"name": "node01"}}},
        *({"JoinConfiguration": {"nodeRegistration": {"name": f"node0{rank}"}}} for rank in (2, 3, 4)),
    ]
    for node in nodes:
        assert node["image"] == "node:v1"
        assert node["extraMounts"] == [
            {"hostPath": "/run/a", "containerPath": "/etc/a", "readOnly": True},
            {"hostPath": "/run/b", "containerPath": "/etc/b", "readOnly": False},
        ]


def test_without_workers_control_planes_run_pods_as_in_the_incident() -> None:
    def registrations(nodes: int) -> list[dict[str, Any]]:
        made = configured(nodes=nodes, control_planes=3)["nodes"]
        return [kubeadm["nodeRegistration"] for node in made for kubeadm in patches(node).values()]

    assert [registration["taints"] for registration in registrations(3)] == [[], [], []]
    # With a worker, kubeadm's own taint stays.
    assert not any("taints" in registration for registration in registrations(4))


@pytest.fixture
def new_kind(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a program in kind's place."""

    def write(script: str) -> Path:
        program = tmp_path / "kind"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return write


def create(program: Path, folder: Path) -> None:
    engine = Engine(
        Path("/ours/docker"), "unix:///ours", private=True, proc=Path("/proc"), network=Path("/net")
    )
    cluster.create(
        engine, program=program, config=configured(), network="our-network", kubeconfig=folder / "kubeconfig"
    )


def test_kind_is_told_which_engine_network_and_files_to_use(
    new_kind: Callable[[str], Path], tmp_path: Path
) -> None:
    said = tmp_path / "said"
    create(
        new_kind(f'echo "$DOCKER_HOST $KIND_EXPERIMENTAL_DOCKER_NETWORK ${{PATH%%:*}} $*" >{said}'), tmp_path
    )
    engine, network, path, *arguments = said.read_text().split()
    assert (engine, network, path) == ("unix:///ours", "our-network", "/ours")
    assert arguments[:6] == [
        "create", "cluster", "--config", str(tmp_path / "kind.yaml"), "--kubeconfig", str(tmp_path / "kubeconfig"),
    ]  # fmt: skip
    assert "--retain" in arguments, "what failed is to be looked into"
    assert yaml.safe_load((tmp_path / "kind.yaml").read_text()) == configured()


#: What kind v0.30 and kubeadm v1.34 say of an API server that never answers, shortened.
NO_API_SERVER = """\
Creating cluster "kind-1" ...
 x Starting control-plane
ERROR: failed to create cluster: failed to init node with kubeadm: \
command "docker exec" failed with error: exit status 1

Command Output: I1123 16:12:59.1 initconfiguration.go:261] loading configuration
[control-plane-check] kube-apiserver is not healthy after 4m0.000s
error: error execution phase wait-control-plane: failed while waiting for the control plane to start: \
kube-apiserver check failed at https://192.168.61.12:6443/livez: connect: connection refused
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1
	k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow/runner.go:262
"""


def test_an_api_server_that_never_answers_is_said_with_where_to_look(
    new_kind: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "said").write_text(NO_API_SERVER)
    with pytest.raises(LabError) as failed:
        create(new_kind(f"cat {tmp_path}/said >&2; exit 1"), tmp_path)
    said = str(failed.value)
    assert said.startswith(
        "kind could not create the cluster: failed to create cluster: failed to init node with kubeadm: "
    )
    assert (
        "wait-control-plane: failed while waiting for the control plane to start: kube-apiserver check"
        in said
    )
    assert "look into what was kept of it: kind.txt, each node's kubelet, containerd and pods" in said
    assert "\n" not in said
    assert failed.value.logs == {"kind.txt": NO_API_SERVER}


def test_what_kind_says_in_other_words_is_told_too(new_kind: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"kind could not create the cluster: .*panic: no memory; look into"):
        create(new_kind("echo 'panic: no memory' >&2; exit 2"), tmp_path)


def test_a_kind_that_does_not_end_is_ended(
    new_kind: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "TIMEOUT", 0.3)
    with pytest.raises(LabError, match=r"kind was still creating the cluster after 0\.3 s; look into"):
        create(new_kind("echo 'Preparing nodes' >&2; exec sleep 20"), tmp_path)
