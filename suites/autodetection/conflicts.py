"""The conflicts, and which methods fall for each: what every sentence of this suite rests on, written by hand.

What the model says is computed from a node's real interfaces; this is what people know without it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from calicolab.faults.docker_bridge import DockerBridge
from calicolab.faults.keepalived_vip import KeepalivedVip
from calicolab.faults.node_local_dns import SERVICE, NodeLocalDns
from calicolab.faults.podman_bridge import PodmanBridge
from calicolab.faults.second_nic import SecondNic
from calicolab.faults.vpn_tunnel import VpnTunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Taken = DockerBridge | PodmanBridge | VpnTunnel | KeepalivedVip | SecondNic | NodeLocalDns

EVERY_VERSION = ">=3"
#: Until br-* and podman* were passed over (calico#7045).
BEFORE_V3_25 = "<3.25"

FIRST_FOUND = "first-found"
#: What documentation and maintainers tell people to set. Braces are filled in with what the lab has.
INTERFACE = "interface=eth0"
SKIP = "skip-interface=br-.*,mybr0,podman.*,tun.*,eth1,nodelocaldns"
CIDR = "cidr={network}"
CAN_REACH = "can-reach={peer}"
ADVISED = (INTERFACE, SKIP, CIDR, CAN_REACH)


@dataclass(frozen=True)
class Conflict:
    """An address too many, and who takes it."""

    id: str
    #: Makes it on the node with this name, whose right address, with its prefix length, is this.
    make: Callable[[str, str], Taken]
    #: By method the versions that take it; of a method that is not named, none does.
    taken_by: Mapping[str, str]
    #: A method that somebody may set against it without much thought.
    careless: str
    #: Whether its peers can reach the node under it.
    reachable: bool = False
    #: By kind of lab why it cannot be had there.
    cannot: Mapping[str, str] = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods to try beside first-found."""
        return (*ADVISED, self.careless)

    def is_taken(self, method: str, version: str) -> bool:
        """Whether calico-node of `version` takes it with `method`."""
        versions = self.taken_by.get(method)
        return versions is not None and SpecifierSet(versions).contains(
            Version(version.removeprefix("v")), prereleases=True
        )

    def __str__(self) -> str:
        return self.id


def _virtual_address(right: str) -> str:
    return f"{ipaddress.IPv4Interface(right).network[200]}/32"


MYBR0 = Conflict(
    "docker-bridge-mybr0",
    lambda node, _: DockerBridge(node=node, bridge="mybr0", address="172.19.0.1/16"),
    taken_by={FIRST_FOUND: EVERY_VERSION, "skip-interface=br-.*": EVERY_VERSION},
    careless="skip-interface=br-.*",
)
CONFLICTS = (
    Conflict(
        "docker-bridge",
        lambda node, _: DockerBridge(node=node),
        taken_by={FIRST_FOUND: BEFORE_V3_25, "interface=.*": EVERY_VERSION},
        careless="interface=.*",
    ),
    MYBR0,
    Conflict(
        "podman-bridge",
        lambda node, _: PodmanBridge(node=node),
        taken_by={FIRST_FOUND: BEFORE_V3_25, "cidr=10.0.0.0/8": EVERY_VERSION},
        careless="cidr=10.0.0.0/8",
    ),
    Conflict(
        "podman-bridge-cni",
        lambda node, _: PodmanBridge(node=node, interface="cni-podman0"),
        taken_by={"cidr=10.0.0.0/8": EVERY_VERSION},
        careless="cidr=10.0.0.0/8",
    ),
    Conflict(
        "vpn-tunnel",
        lambda node, _: VpnTunnel(node=node),
        taken_by={FIRST_FOUND: EVERY_VERSION, "skip-interface=br-.*": EVERY_VERSION},
        careless="skip-interface=br-.*",
        cannot={"kind": "a tunnel cannot be told its index, and would have a lower one there than the NIC"},
    ),
    Conflict(
        "keepalived-vip",
        lambda node, right: KeepalivedVip(node=node, address=_virtual_address(right)),
        taken_by={},
        careless="interface=eth.*",
        reachable=True,
    ),
    Conflict(
        "keepalived-vip-first",
        lambda node, right: KeepalivedVip(node=node, address=_virtual_address(right), comes_first=True),
        # It is on the right NIC and in the right network: only a look at the way to a peer tells it apart.
        taken_by=dict.fromkeys((FIRST_FOUND, INTERFACE, SKIP, CIDR, "interface=eth.*"), EVERY_VERSION),
        careless="interface=eth.*",
        reachable=True,
    ),
    Conflict(
        "second-nic",
        lambda node, _: SecondNic(node=node),
        taken_by={FIRST_FOUND: EVERY_VERSION, "interface=eth.*": EVERY_VERSION},
        careless="interface=eth.*",
    ),
    Conflict(
        "node-local-dns",
        # A link-local address is never taken, whatever the method.
        lambda node, _: NodeLocalDns(node=node),
        taken_by={},
        careless="interface=.*",
    ),
    Conflict(
        "node-local-dns-service",
        lambda node, _: NodeLocalDns(node=node, address=SERVICE),
        taken_by={"interface=.*": EVERY_VERSION},
        careless="interface=.*",
    ),
)
