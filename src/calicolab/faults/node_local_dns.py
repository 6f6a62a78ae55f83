"""NodeLocal DNSCache starts on a node: an interface called nodelocaldns with an address that every node has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.faults.interfaces import NewInterface, newest_index

if TYPE_CHECKING:
    from calicolab.labs.base import Node

#: What NodeLocal DNSCache listens on by default: link-local.
LINK_LOCAL = "169.254.20.10/32"
#: The address of Kubernetes' own DNS service, which it listens on as well.
SERVICE = "10.96.0.10/32"


@dataclass(frozen=True)
class NodeLocalDns(NewInterface):
    """An interface called nodelocaldns, with LINK_LOCAL or SERVICE as its address.

    NodeLocal DNSCache makes a `dummy`, which the kernels of this project's machines lack. A bridge without a port looks
    the same to calico-node: a name, an address, UP.

    Raises:
        UsageError: `interface` is no interface name, or `address` is no IPv4 address with a prefix length.
    """

    node: str
    interface: str = "nodelocaldns"
    address: str = LINK_LOCAL

    name = "node-local-dns"
    kind = "bridge"
    story = (
        "NodeLocal DNSCache binds 169.254.20.10 and the DNS service's own address, the same on every node, to an "
        "interface of its own. Versions that exclude ^lo and not yet nodelocaldns take the latter (v3.23.5, v3.24.5: "
        "calico#6910), as does every version with a method that excludes nothing, such as cidr=10.0.0.0/8."
    )

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Whether calico-node of `version` takes its address with first-found: none of the versions here does.

        Source: node/pkg/lifecycle/startup/autodetection/autodetection_linux.go. Up to v3.24.4 it excludes whatever has
        "lo" anywhere in its name, which node-lo-caldns has; from v3.24.6 and v3.25.0 on, ^nodelocaldns.*.
        """
        del version, lab_kind
        return False

    def _make(self, node: Node) -> None:
        node.run(["ip", "link", "add", "index", newest_index(node), "name", self.interface, "type", "bridge"])
