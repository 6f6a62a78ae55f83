"""The kind cluster: its configuration as data, and its creation by the kind program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from calicolab.calico.configuration import POD_CIDR
from calicolab.command import CommandFailed, CommandTimedOut, run
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.command import CommandResult
    from calicolab.engine import Engine
    from calicolab.labs.kind.topology import NodePlan, Topology

#: Seconds for kind: containers, kubeadm init, a join for each other node. It took 36 s with three nodes.
TIMEOUT = 600.0
#: Where the folder with etcd's certificates is in a node: also what kind copies from one control plane to the next.
ETCD_CERTIFICATES = "/etc/kubernetes/pki/etcd"
#: What that folder holds. kind copies `ca.key` to the other control planes as if etcd were its own: an empty file.
ETCD_CA, ETCD_CERTIFICATE, ETCD_KEY, ETCD_CA_KEY = "ca.crt", "client.crt", "client.key", "ca.key"


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine in every node."""

    host: Path
    container: str
    read_only: bool = True


def configuration(
    plan: Topology, *, image: str, etcd_endpoints: Sequence[str], mounts: Sequence[Mount]
) -> dict[str, Any]:
    """kind's configuration: no network plugin of its own, an external etcd, the incident's names for the nodes."""
    # Where nothing else is there to run pods, control planes do, as the incident's masters did.
    untainted = all(node.control_plane for node in plan.nodes)
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": plan.cluster,
        "networking": {"disableDefaultCNI": True, "podSubnet": POD_CIDR},
        "kubeadmConfigPatches": [
            _patch("ClusterConfiguration", {"etcd": {"external": _external_etcd(etcd_endpoints)}}),
            _patch("KubeletConfiguration", _KUBELET),
            _patch("KubeProxyConfiguration", _KUBE_PROXY),
        ],
        "nodes": [
            _node(node, first=node is plan.nodes[0], untainted=untainted, image=image, mounts=mounts)
            for node in plan.nodes
        ],
    }


#: A kubelet that may not raise its limits or lower its oom_score_adj, and has cgroup v1, goes on all the same
#: (KubeletInUserNamespace; failCgroupV1 is refused by default from Kubernetes v1.35 on).
_KUBELET = {"featureGates": {"KubeletInUserNamespace": True}, "failCgroupV1": False}

#: The table's size belongs to the machine below, and is not a node's to change.
_KUBE_PROXY = {"conntrack": {"maxPerCore": 0}}


def _external_etcd(endpoints: Sequence[str]) -> dict[str, Any]:
    return {
        "endpoints": list(endpoints),
        "caFile": f"{ETCD_CERTIFICATES}/{ETCD_CA}",
        "certFile": f"{ETCD_CERTIFICATES}/{ETCD_CERTIFICATE}",
        "keyFile": f"{ETCD_CERTIFICATES}/{ETCD_KEY}",
    }


def _node(
    node: NodePlan, *, first: bool, untainted: bool, image: str, mounts: Sequence[Mount]
) -> dict[str, Any]:
    kind = "InitConfiguration" if first else "JoinConfiguration"
    registration: dict[str, Any] = {"name": node.name}
    if untainted:
        registration["taints"] = []
    return {
        "role": "control-plane" if node.control_plane else "worker",
        "image": image,
        "extraMounts": [
            {"hostPath": str(mount.host), "containerPath": mount.container, "readOnly": mount.read_only}
            for mount in mounts
        ],
        "kubeadmConfigPatches": [_patch(kind, {"nodeRegistration": registration})],
    }


def _patch(kind: str, content: Mapping[str, Any]) -> str:
    return yaml.safe_dump({"kind": kind, **content}, sort_keys=False)


def create(
    engine: Engine, *, program: Path, config: Mapping[str, Any], network: str, kubeconfig: Path
) -> None:
    """Create the cluster on the Docker network `network`, and leave its kubeconfig at `kubeconfig`.

    Raises:
        LabError: kind could not; its nodes are left as they are, to be looked into.
    """
    file = kubeconfig.with_name("kind.yaml")
    file.write_text(yaml.safe_dump(dict(config), sort_keys=False))
    argv = [str(program), "create", "cluster", "--config", str(file), "--kubeconfig", str(kubeconfig)]
    environment = {**engine.environment(), "KIND_EXPERIMENTAL_DOCKER_NETWORK": network}
    try:
        # --retain: what failed is looked into, and removed by us.
        run([*argv, "--retain", "--wait", "0s", "--verbosity", "1"], timeout=TIMEOUT, env=environment)
    except CommandFailed as failed:
        error = LabError(f"kind could not create the cluster: {_why(failed.result)}{_LOOK}")
        error.logs["kind.txt"] = failed.result.stdout + failed.result.stderr
        raise error from failed
    except CommandTimedOut as error:
        raise LabError(f"kind was still creating the cluster after {TIMEOUT:g} s{_LOOK} ({error})") from error


#: Where the reason is when kubeadm says no more than that the API server did not answer, after its own four minutes.
_LOOK = (
    "; look into what was kept of it: kind.txt, each node's kubelet, containerd and pods, the first control plane's "
    "before all, and etcd's members"
)


def _why(result: CommandResult) -> str:
    """What kind and kubeadm said of a failure, each a line; there is a stack trace below each."""
    said = [
        line.partition(": ")[2].strip()
        for line in result.stderr.splitlines()
        if line.startswith(("ERROR: ", "error: "))
    ]
    return ": ".join(said) or str(result)
