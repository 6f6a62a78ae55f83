"""keepalived's virtual address arrives at a node: one more address, a /32, on the NIC that it has already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.faults.interfaces import check_address, check_name

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


@dataclass(frozen=True)
class KeepalivedVip:
    """A virtual address on the NIC of `node`, behind the NIC's own address or, with `comes_first`, before it.

    Raises:
        UsageError: `interface` is no interface name, or `address` is no IPv4 address with a prefix length.
    """

    node: str
    address: str = "192.168.21.200/32"
    interface: str = "eth0"
    comes_first: bool = False

    name = "keepalived-vip"
    story = (
        "keepalived or kube-vip gives the NIC of one node a virtual address of the nodes' own network, as a /32. "
        "Behind the NIC's own address it is passed over. Where the network was set up again later, it comes first, and "
        "every method that looks at the NIC takes it; when it moves on, the node's peers follow it (calico#5094, "
        "#4870, #6711, cni-plugin#1209)."
    )

    def __post_init__(self) -> None:
        check_name(self.interface, what=self.name)
        check_address(self.address, what=self.name)

    @property
    def host(self) -> str:
        """The virtual address without its prefix length."""
        return self.address.partition("/")[0]

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Whether calico-node takes it with first-found: any version, if it comes first.

        Source: node/pkg/lifecycle/startup/autodetection/filtered.go looks at no prefix length, v3.21 to v3.31.
        """
        del version, lab_kind
        return self.comes_first

    def inject(self, lab: Lab) -> None:
        """Add the address."""
        # The kernel sorts an interface's addresses by scope, narrow ones first (__inet_insert_ifa, net/ipv4/devinet.c):
        # with scope link, which keepalived can be told as well, it comes first and nothing else is touched.
        scope = "link" if self.comes_first else "global"
        lab.node(self.node).run(["ip", "address", "add", self.address, "dev", self.interface, "scope", scope])

    def injected(self, lab: Lab) -> bool:
        """Whether it is there, in its place among the NIC's addresses."""
        addresses = self._addresses(lab)
        return len(addresses) > 1 and addresses[0 if self.comes_first else -1] == self.address

    def heal(self, lab: Lab) -> None:
        """Take it away again."""
        if not self.healed(lab):
            lab.node(self.node).run(["ip", "address", "delete", self.address, "dev", self.interface])

    def healed(self, lab: Lab) -> bool:
        """Whether it is gone."""
        return self.address not in self._addresses(lab)

    def _addresses(self, lab: Lab) -> tuple[str, ...]:
        interfaces = lab.node(self.node).calico.interfaces()
        return next((found.addresses for found in interfaces if found.name == self.interface), ())
