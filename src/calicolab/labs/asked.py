"""A lab as it is asked for: what an option, a command or a script says of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from calicolab.calico.configuration import POD_CIDR
from calicolab.errors import UsageError

#: The incident's network.
SUBNET = "192.168.21.0/24"
NODES = 3
#: One control plane, or three behind a load balancer, as the incident had them; for the labs that have any.
CONTROL_PLANES = (1, 3)
#: Ranges that a lab's own network must leave free, as what is in them is in the lab: and what that is.
RESERVED = {
    POD_CIDR: "the IP pool",
    "10.96.0.0/16": "Kubernetes' services",
    "172.18.0.0/16": "the Docker bridge that is injected",
    "10.88.0.0/16": "the podman bridge that is injected",
    "192.168.121.0/24": "the second NIC that is injected",
    "100.64.236.245/32": "the VPN tunnel that is injected",
    "169.254.20.10/32": "the node-local DNS cache that is injected",
}


def lab_network(subnet: str) -> ipaddress.IPv4Network:
    """The network of a lab's nodes.

    Raises:
        UsageError: `subnet` is no IPv4 network, or something else in the lab has addresses in it.
    """
    try:
        network = ipaddress.IPv4Network(subnet)
    except ValueError as error:
        raise UsageError(
            f"the lab's subnet is no IPv4 network: {error}; give one such as {SUBNET}"
        ) from error
    for reserved, whose in RESERVED.items():
        if network.overlaps(ipaddress.IPv4Network(reserved)):
            raise UsageError(
                f"the lab's subnet {network} overlaps {reserved}, which is for {whose}: give another such as {SUBNET}"
            )
    return network


@dataclass(frozen=True)
class Asked:
    """What a lab should be. `version` is Calico's, `source` where its programs come from."""

    kind: str
    version: str
    nodes: int = NODES
    control_planes: int = 1
    subnet: str = SUBNET
    source: str = "gomod"

    @property
    def id(self) -> str:
        """The lab's id, part of every test id, such as "kind-v3.23.2"."""
        return f"{self.kind}-{self.version}"
