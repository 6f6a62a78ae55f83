"""Which machines a kind lab has, what each is called and addressed: data, made before anything is created."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from calicolab.errors import UsageError
from calicolab.labs.asked import CONTROL_PLANES, NODES, SUBNET, lab_network

NODES_FEWEST, NODES_MOST = 2, 10
#: etcd members: the smallest number that survives the loss of one. Their addresses come right after the gateway's.
ETCD_MEMBERS, ETCD_FIRST_HOST = 3, 2


@dataclass(frozen=True)
class NodePlan:
    """One node. `name` is Kubernetes' and Calico's, `container` is Docker's, as kind makes it up."""

    name: str
    container: str
    control_plane: bool


@dataclass(frozen=True)
class Topology:
    """The machines of a lab on one network; `cluster` is the name of the kind cluster."""

    cluster: str
    subnet: ipaddress.IPv4Network
    nodes: tuple[NodePlan, ...]

    @property
    def control_planes(self) -> tuple[NodePlan, ...]:
        """The nodes that run an API server; kubeadm begins with the first."""
        return tuple(node for node in self.nodes if node.control_plane)

    @property
    def etcd_addresses(self) -> tuple[str, ...]:
        """An address for each etcd member."""
        return tuple(str(self.subnet[ETCD_FIRST_HOST + number]) for number in range(ETCD_MEMBERS))


def plan(cluster: str, *, nodes: int = NODES, control_planes: int = 1, subnet: str = SUBNET) -> Topology:
    """Return the machines of a lab: the control planes first, then the workers.

    Raises:
        UsageError: `nodes` or `control_planes` is out of range, or `subnet` is no IPv4 network, too small or taken.
    """
    if control_planes not in CONTROL_PLANES:
        raise UsageError(
            f"a kind lab has {' or '.join(map(str, CONTROL_PLANES))} control planes, "
            f"but {control_planes} were asked for"
        )
    if not max(NODES_FEWEST, control_planes) <= nodes <= NODES_MOST:
        raise UsageError(
            f"a kind lab with {control_planes} control plane{'s' if control_planes > 1 else ''} has "
            f"{max(NODES_FEWEST, control_planes)} to {NODES_MOST} nodes, but {nodes} were asked for"
        )
    network = lab_network(subnet)
    if network.prefixlen > 24:
        raise UsageError(f"{network} is too small for a kind lab: give a /24 such as {SUBNET}")
    return Topology(
        cluster=cluster,
        subnet=network,
        nodes=tuple(
            NodePlan(
                name=f"node{number:02d}",
                container=_container(cluster, number, control_planes=control_planes),
                control_plane=number <= control_planes,
            )
            for number in range(1, nodes + 1)
        ),
    )


def _container(cluster: str, number: int, *, control_planes: int) -> str:
    """What kind calls the node's container (kind v0.30, common.MakeNodeNamer): no number for the first of a role."""
    role, rank = (
        ("control-plane", number) if number <= control_planes else ("worker", number - control_planes)
    )
    return f"{cluster}-{role}{rank if rank > 1 else ''}"
