"""A second NIC appears on a node, with a cable that leads to none of its peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.faults.interfaces import NewInterface, newest_index

if TYPE_CHECKING:
    from calicolab.calico.facts import Interface
    from calicolab.labs.base import Lab, Node

#: The other end of its cable. It stays on the node, with no address: nothing that goes out by the NIC gets further.
FAR_END = "cable1"


@dataclass(frozen=True)
class SecondNic(NewInterface):
    """A NIC with carrier and an address on a network that no peer has a way to, such as one for storage.

    Raises:
        UsageError: `interface` is no interface name, or `address` is no IPv4 address with a prefix length.
    """

    node: str
    interface: str = "eth1"
    address: str = "192.168.121.12/24"

    name = "second-nic"
    kind = "veth"
    story = (
        "A node gets a second NIC for storage, management or a VLAN. First-found looks at the newest interface first, "
        "and so does interface=eth.*, which was meant to help; peers have no way to that address (calico#3541, #7221, "
        "#8783, microk8s#3458)."
    )

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Every version and lab."""
        del version, lab_kind
        return True

    def _make(self, node: Node) -> None:
        argv = ["ip", "link", "add", "index", newest_index(node), "name", self.interface]
        node.run([*argv, "type", "veth", "peer", "name", FAR_END])

    def inject(self, lab: Lab) -> None:
        """Lay the cable, give the NIC its address and switch both ends on."""
        super().inject(lab)
        lab.node(self.node).run(["ip", "link", "set", "dev", FAR_END, "up"])

    def _as_made(self, found: Interface) -> bool:
        return found.carrier
