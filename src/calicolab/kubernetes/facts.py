"""What Kubernetes says of a cluster, as frozen facts read from the API server's objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calicolab.calico.facts import Readiness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: How the kubelet begins an event about a readiness probe that said no (pkg/kubelet/prober/prober.go, v1.34).
READINESS_FAILED = "Readiness probe failed: "


@dataclass(frozen=True, repr=False)
class PodFact:
    """A pod as the API server shows it."""

    namespace: str
    name: str
    uid: str
    #: The node it is on; "" before it is scheduled.
    node: str
    #: Its own address, the node's for one on the host's network; "" before it has one.
    address: str
    phase: str
    #: Whether its condition Ready is True.
    ready: bool
    #: Containers that are ready, and how many it has: kubectl's "0/1".
    ready_containers: int
    containers: int
    #: Whether all containers run.
    started: bool
    #: Of all its containers together.
    restarts: int
    #: Such as containerd://4f5c...; "" before there is one. Of its first container.
    container_id: str
    #: Whether it is being deleted.
    deleted: bool
    #: What made it, such as DaemonSet/calico-node; "" when nothing did.
    owner: str
    #: Why a container waits, such as CreateContainerConfigError; "" when none does.
    waiting: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    #: What its first container was made from.
    image: str = ""

    @property
    def readiness(self) -> str:
        """As kubectl shows it, such as "0/1"."""
        return f"{self.ready_containers}/{self.containers}"

    def __str__(self) -> str:
        about = [self.readiness, self.phase, f"{self.restarts} restarts", f"on {self.node or 'no node yet'}"]
        about += [self.waiting] * bool(self.waiting) + ["being deleted"] * self.deleted
        return f"{self.namespace}/{self.name} ({self.uid[:8]}): {', '.join(about)}"

    def __repr__(self) -> str:
        """As in a wait's message about several of them."""
        return f"<{self}>"


@dataclass(frozen=True)
class ProbeFailure:
    """What an Unhealthy event says of a pod's readiness probe."""

    pod: str
    uid: str
    #: The event's message, word for word.
    message: str
    #: How often the same was said.
    count: int
    first: datetime
    last: datetime

    @property
    def said(self) -> str:
        """What the probe itself printed: the message without the kubelet's own words."""
        return self.message.removeprefix(READINESS_FAILED).rstrip()

    @property
    def verdict(self) -> str:
        """The last line of it: calico-node may print log lines first."""
        return self.said.splitlines()[-1] if self.said else ""

    @property
    def peers_named(self) -> tuple[str, ...]:
        """The addresses that it calls not established, in its order."""
        return Readiness(ready=False, message=self.verdict).peers_named

    def __str__(self) -> str:
        return f"{self.message} ({self.count} times, last {self.last:%H:%M:%S})"


@dataclass(frozen=True)
class Rollout:
    """How far a DaemonSet has got with its newest template."""

    name: str
    desired: int
    updated: int
    ready: int
    available: int
    unavailable: int
    #: Of how many nodes the pods may be unavailable at a time, such as "1".
    max_unavailable: str
    #: Whether the controller has seen the newest template.
    observed: bool

    @property
    def complete(self) -> bool:
        """Whether every pod is of the newest template and available, as `kubectl rollout status` judges."""
        return self.observed and self.updated == self.desired == self.available and self.unavailable == 0

    def __str__(self) -> str:
        seen = "" if self.observed else ", its newest template not yet seen by the controller"
        return f"{self.name}: {self.updated} of {self.desired} updated, {self.available} available{seen}"


@dataclass(frozen=True)
class NodeCondition:
    """A condition of a Node: `status` is "True", "False" or "Unknown"."""

    kind: str
    status: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind} {self.status} ({self.reason}: {self.message})"


def pod(found: Mapping[str, Any]) -> PodFact:
    """A pod from the API server's object."""
    metadata, spec, status = found["metadata"], found.get("spec", {}), found.get("status", {})
    containers = status.get("containerStatuses") or []
    conditions = {one["type"]: one["status"] for one in status.get("conditions") or []}
    wanted = len(spec.get("containers") or [])
    return PodFact(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        node=spec.get("nodeName", ""),
        address=status.get("podIP", ""),
        phase=status.get("phase", ""),
        ready=conditions.get("Ready") == "True",
        ready_containers=sum(one.get("ready", False) for one in containers),
        containers=wanted,
        started=sum("running" in one.get("state", {}) for one in containers) == wanted > 0,
        restarts=sum(one.get("restartCount", 0) for one in containers),
        container_id=containers[0].get("containerID", "") if containers else "",
        deleted="deletionTimestamp" in metadata,
        owner=_owner(metadata),
        waiting=_waiting([*(status.get("initContainerStatuses") or []), *containers]),
        labels=dict(metadata.get("labels") or {}),
        image=next((one.get("image", "") for one in spec.get("containers") or []), ""),
    )


def probe_failure(found: Mapping[str, Any]) -> ProbeFailure | None:
    """What an event says of a readiness probe; None when it is about something else."""
    message, about = found.get("message", ""), found.get("involvedObject", {})
    if found.get("reason") != "Unhealthy" or not message.startswith(READINESS_FAILED):
        return None
    series = found.get("series") or {}
    first = found.get("firstTimestamp") or found.get("eventTime") or found["metadata"]["creationTimestamp"]
    last = series.get("lastObservedTime") or found.get("lastTimestamp") or first
    return ProbeFailure(
        pod=about.get("name", ""),
        uid=about.get("uid", ""),
        message=message,
        count=series.get("count") or found.get("count") or 1,
        first=_time(first),
        last=_time(last),
    )


def rollout(found: Mapping[str, Any]) -> Rollout:
    """The rollout of a DaemonSet."""
    metadata, status = found["metadata"], found.get("status", {})
    strategy = found.get("spec", {}).get("updateStrategy", {}).get("rollingUpdate") or {}
    return Rollout(
        name=metadata["name"],
        desired=status.get("desiredNumberScheduled", 0),
        updated=status.get("updatedNumberScheduled", 0),
        ready=status.get("numberReady", 0),
        available=status.get("numberAvailable", 0),
        unavailable=status.get("numberUnavailable", 0),
        max_unavailable=str(strategy.get("maxUnavailable", "")),
        observed=status.get("observedGeneration", 0) >= metadata.get("generation", 0),
    )


def conditions(found: Mapping[str, Any]) -> dict[str, NodeCondition]:
    """A Node's conditions by their kind, such as Ready or NetworkUnavailable."""
    return {
        one["type"]: NodeCondition(one["type"], one["status"], one.get("reason", ""), one.get("message", ""))
        for one in found.get("status", {}).get("conditions") or []
    }


def keeps_pods_off(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Why no ordinary pod is placed on a Node: what it is marked with, and conditions; none when pods are.

    Kubernetes' own tests use no Node of which one of these is so (framework/node, IsNodeSchedulable).
    """
    spec, known = found.get("spec", {}), conditions(found)
    cordoned = ("cordoned",) if spec.get("unschedulable") else ()
    taints = tuple(
        f"taint {one['key']}:{one['effect']}"
        for one in spec.get("taints") or []
        if one["effect"] in ("NoSchedule", "NoExecute")
    )
    wanted = {"Ready": "True", "NetworkUnavailable": "False"}
    against = tuple(
        str(condition)
        for kind, status in wanted.items()
        if (condition := known.get(kind)) is not None and condition.status != status
    )
    return (*cordoned, *taints, *against)


def _owner(metadata: Mapping[str, Any]) -> str:
    owners = [one for one in metadata.get("ownerReferences") or [] if one.get("controller")]
    return f"{owners[0]['kind']}/{owners[0]['name']}" if owners else ""


def _waiting(containers: Iterable[Mapping[str, Any]]) -> str:
    """Why the first container that waits does; starting up is no reason."""
    reasons = [one.get("state", {}).get("waiting", {}).get("reason", "") for one in containers]
    return next(
        (reason for reason in reasons if reason not in ("", "ContainerCreating", "PodInitializing")), ""
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
