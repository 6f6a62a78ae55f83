"""Objects as Kubernetes v1.34 has them, with what is read of them."""

from __future__ import annotations

from typing import Any


def pod(
    name: str,
    *,
    uid: str,
    node: str = "node02",
    ready: bool = True,
    running: bool = True,
    deleted: bool = False,
    restarts: int = 0,
) -> dict[str, Any]:
    """A pod of calico-node."""
    state: dict[str, Any] = (
        {"running": {"startedAt": "2026-11-23T12:00:05Z"}}
        if running
        else {"waiting": {"reason": "CreateContainerConfigError", "message": "numeric user needed"}}
    )
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "kube-system",
        "uid": uid,
        "labels": {"k8s-app": "calico-node", "controller-revision-hash": "5d4b"},
        "ownerReferences": [{"kind": "DaemonSet", "name": "calico-node", "controller": True}],
    }
    if deleted:
        metadata["deletionTimestamp"] = "2026-11-23T12:10:00Z"
    return {
        "metadata": metadata,
        "spec": {"nodeName": node, "containers": [{"name": "calico-node"}], "hostNetwork": True},
        "status": {
            "phase": "Running",
            "podIP": "192.168.21.12",
            "conditions": [
                {"type": "Ready", "status": str(ready)},
                {"type": "Initialized", "status": "True"},
            ],
            "initContainerStatuses": [{"name": "install-cni", "state": {"terminated": {"exitCode": 0}}}],
            "containerStatuses": [
                {
                    "name": "calico-node",
                    "ready": ready,
                    "restartCount": restarts,
                    "containerID": f"containerd://{uid}",
                    "state": state,
                }
            ],
        },
    }


def event(
    message: str, *, uid: str, name: str = "calico-node-x.1", at: str = "12:01:00", count: int = 1
) -> Any:
    """An event about a pod's probe, as the kubelet writes it."""
    return {
        "metadata": {"name": name, "namespace": "kube-system", "creationTimestamp": "2026-11-23T12:00:30Z"},
        "involvedObject": {"kind": "Pod", "namespace": "kube-system", "name": "calico-node-x", "uid": uid},
        "type": "Warning",
        "reason": "Unhealthy",
        "message": message,
        "count": count,
        "firstTimestamp": "2026-11-23T12:00:30Z",
        "lastTimestamp": f"2026-11-23T{at}Z",
        "eventTime": None,
        "series": None,
    }


def daemonset(*, updated: int, available: int, generation: int = 2, observed: int = 2) -> dict[str, Any]:
    """calico-node's DaemonSet on three nodes."""
    return {
        "metadata": {"name": "calico-node", "namespace": "kube-system", "generation": generation},
        "spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}},
        "status": {
            "desiredNumberScheduled": 3,
            "updatedNumberScheduled": updated,
            "numberReady": available,
            "numberAvailable": available,
            "numberUnavailable": 3 - available,
            "observedGeneration": observed,
        },
    }


def node(name: str) -> dict[str, Any]:
    """A Node with the condition that Calico sets."""
    return {
        "metadata": {"name": name},
        "status": {
            "conditions": [
                {
                    "type": "NetworkUnavailable",
                    "status": "False",
                    "reason": "CalicoIsUp",
                    "message": "Calico is running on this node",
                },
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "KubeletReady",
                    "message": "kubelet is posting",
                },
            ]
        },
    }
