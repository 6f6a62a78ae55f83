"""A shop with a front, a back, a customer and an operator: who may reach whom as policies come, step by step.

The idea is that of Calico's policy demo (client, frontend, backend, management); names, policies and expectations are
ours. What each step should allow is declared beside its policies, not derived from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.connectivity import kubernetes_pods, pod_program
from calicolab.connectivity.matrix import PodMatrix, everybody

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from calicolab.connectivity.pods import Reach, Traffic
    from calicolab.kubernetes.cluster import Cluster

SHOP, TOWN, OFFICE = "demo-shop", "demo-town", "demo-office"
FRONTEND, BACKEND, CLIENT, MANAGEMENT = "frontend", "backend", "client", "management"
#: Where each pod lives. Nothing is ever denied in the office: it is the control that the others could be reached.
HOMES = {FRONTEND: SHOP, BACKEND: SHOP, CLIENT: TOWN, MANAGEMENT: OFFICE}
TRAFFIC: tuple[Traffic, ...] = ("tcp", "udp")

#: An allowed way: source, target, and by which traffic.
Way = tuple[str, str, str]


@dataclass(frozen=True)
class Step:
    """What one step adds, and all that is allowed from then on."""

    id: str
    sentence: str
    policies: tuple[dict[str, Any], ...]
    #: Every way that is open once these policies are there.
    open: frozenset[Way]

    def expects(self, result: Reach) -> bool:
        """Whether this pod should reach that one."""
        return (result.source, result.target, result.traffic) in self.open


def _ways(*pairs: tuple[str, str], by: Sequence[str] = TRAFFIC) -> frozenset[Way]:
    return frozenset((source, target, traffic) for source, target in pairs for traffic in by)


def _policy(
    name: str, *, namespace: str, role: str | None = None, allow: Sequence[Any] = ()
) -> dict[str, Any]:
    """A policy on what comes in: for all pods of a namespace, or those of one role; without `allow` nothing may."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": {"role": role}} if role else {},
            "policyTypes": ["Ingress"],
            "ingress": list(allow),
        },
    }


_EVERY = [(source, target) for source in HOMES for target in HOMES if source != target]
_TO_OFFICE = _ways(*((source, MANAGEMENT) for source in HOMES if source != MANAGEMENT))
_BY_OPERATOR = _ways(*((MANAGEMENT, target) for target in HOMES if target != MANAGEMENT))
_BEHIND = _ways((FRONTEND, BACKEND), by=["tcp"])
_IN_FRONT = _ways((CLIENT, FRONTEND), by=["tcp"])
_TCP = [{"protocol": "TCP", "port": pod_program.PORT}]

OPEN = Step("open", "Without a policy every pod reaches every other.", (), _ways(*_EVERY))
DENIED = Step(
    "default-deny",
    "With a policy that allows nothing, no pod of the shop or the town is reached; the office still is.",
    (_policy("default-deny", namespace=SHOP), _policy("default-deny", namespace=TOWN)),
    _TO_OFFICE,
)
MANAGED = Step(
    "allow-management",
    "The office reaches the shop and the town again, by the label of its namespace.",
    tuple(
        _policy(
            "allow-management",
            namespace=home,
            allow=[{"from": [{"namespaceSelector": {"matchLabels": {"home": OFFICE}}}]}],
        )
        for home in (SHOP, TOWN)
    ),
    _TO_OFFICE | _BY_OPERATOR,
)
SERVED = Step(
    "allow-frontend",
    "The frontend reaches the backend over TCP on its port, and by nothing else; the way back stays shut.",
    (
        _policy(
            "allow-frontend",
            namespace=SHOP,
            role=BACKEND,
            allow=[{"from": [{"podSelector": {"matchLabels": {"role": FRONTEND}}}], "ports": _TCP}],
        ),
    ),
    _TO_OFFICE | _BY_OPERATOR | _BEHIND,
)
SOLD = Step(
    "allow-client",
    "The client reaches the frontend over TCP, and not the backend.",
    (
        _policy(
            "allow-client",
            namespace=SHOP,
            role=FRONTEND,
            allow=[{"from": [{"namespaceSelector": {"matchLabels": {"home": TOWN}}}], "ports": _TCP}],
        ),
    ),
    _TO_OFFICE | _BY_OPERATOR | _BEHIND | _IN_FRONT,
)
#: In this order, each on top of those before it.
STEPS = (OPEN, DENIED, MANAGED, SERVED, SOLD)


class PolicyDemo:
    """The four pods on a cluster, for as long as its context lasts; nothing of them is left afterwards."""

    def __init__(self, cluster: Cluster, *, image: str, nodes: Sequence[str]) -> None:
        """Have nothing yet.

        Args:
            cluster: where.
            image: of the pods; it has python3.
            nodes: where the pods go, one after the other: the ways lead across nodes.
        """
        self._cluster = cluster
        self._objects = [
            part
            for home in (SHOP, TOWN, OFFICE)
            for part in kubernetes_pods.namespace(home, labels={"home": home})
        ]
        self._objects += [
            kubernetes_pods.pod(
                role, namespace=home, node=nodes[number % len(nodes)], image=image, labels={"role": role}
            )
            for number, (role, home) in enumerate(HOMES.items())
        ]
        self.pods: tuple[kubernetes_pods.ClusterPod, ...] = ()

    def take(self, step: Step) -> None:
        """Apply what this step adds."""
        self._cluster.apply(step.policies)

    def withdraw(self, steps: Sequence[Step] = STEPS) -> None:
        """Remove the policies of these steps."""
        self._cluster.delete([policy for step in steps for policy in step.policies])

    def look(self) -> PodMatrix:
        """Every ordered pair of the four, by TCP and by UDP."""
        return everybody(self.pods, traffic=TRAFFIC)

    def __enter__(self) -> Self:
        try:
            self._cluster.apply(self._objects)
            self.pods = kubernetes_pods.serving(self._cluster, set(HOMES.values()), count=len(HOMES))
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        """All that is in a namespace goes with it."""
        self._cluster.delete([one for one in self._objects if one["kind"] == "Namespace"])
