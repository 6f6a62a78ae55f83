"""Which machines a lab has, and what each is called and addressed: data, made before anything is created."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import UsageError
from calicolab.labs.asked import SUBNET, lab_network

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Of the first node, as the incident had it.
FIRST_HOST = 11
NODES_DEFAULT, NODES_FEWEST, NODES_MOST = 3, 2, 100
#: etcd members: the smallest number that survives the loss of one.
ETCD_MEMBERS = 3


@dataclass(frozen=True)
class MachinePlan:
    """One machine. `address` is without a prefix length; a machine may be a node, an etcd member, or both."""

    name: str
    address: str
    runs_calico: bool
    runs_etcd: bool


@dataclass(frozen=True)
class Topology:
    """The machines of a lab on one network."""

    subnet: ipaddress.IPv4Network
    machines: tuple[MachinePlan, ...]

    @property
    def gateway(self) -> str:
        """Address of the switch, the machines' default gateway; nothing lies behind it."""
        return str(self.subnet[1])

    @property
    def nodes(self) -> tuple[MachinePlan, ...]:
        """The machines that run calico-node."""
        return tuple(machine for machine in self.machines if machine.runs_calico)

    @property
    def etcd(self) -> tuple[MachinePlan, ...]:
        """The machines that run an etcd member: the first three, as in the incident."""
        return tuple(machine for machine in self.machines if machine.runs_etcd)


def plan(*, nodes: int = NODES_DEFAULT, subnet: str = SUBNET) -> Topology:
    """Return the machines of a lab with `nodes` nodes; with two nodes, the third etcd member has a machine to itself.

    Raises:
        UsageError: `nodes` is out of range, or `subnet` is no IPv4 network, too small for them or taken.
    """
    if not NODES_FEWEST <= nodes <= NODES_MOST:
        raise UsageError(f"a lab has {NODES_FEWEST} to {NODES_MOST} nodes, but {nodes} were asked for")
    network = lab_network(subnet)
    count = max(nodes, ETCD_MEMBERS)
    if network.num_addresses < FIRST_HOST + count + 1:
        raise UsageError(
            f"{network} is too small for {count} machines from .{FIRST_HOST} on; {SUBNET} is not"
        )
    return Topology(
        subnet=network,
        machines=tuple(
            MachinePlan(
                name=f"node{number:02d}",
                address=str(network[FIRST_HOST + number - 1]),
                runs_calico=number <= nodes,
                runs_etcd=number <= ETCD_MEMBERS,
            )
            for number in range(1, count + 1)
        ),
    )


def refuse_overlap(topology: Topology, routes: Iterable[str]) -> None:
    """Refuse a subnet that the machine itself routes.

    Args:
        topology: what is about to be built.
        routes: the machine's own routes as networks; default routes do not count.

    Raises:
        UsageError: one of them overlaps the lab's subnet.
    """
    for route in map(ipaddress.IPv4Network, routes):
        if route.prefixlen and route.overlaps(topology.subnet):
            raise UsageError(
                f"the lab's subnet {topology.subnet} overlaps this machine's own route to {route}: "
                "choose another with --subnet"
            )
