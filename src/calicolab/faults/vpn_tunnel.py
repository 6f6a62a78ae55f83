"""A VPN comes up on a node: a tun interface with a /32, from an address range that no peer has a way to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.faults.interfaces import NewInterface

if TYPE_CHECKING:
    from calicolab.labs.base import Node


@dataclass(frozen=True)
class VpnTunnel(NewInterface):
    """A tun interface that lasts without the program that would read it: an address, no carrier, state DOWN.

    Raises:
        UsageError: `interface` is no interface name, or `address` is no IPv4 address with a prefix length.
    """

    node: str
    interface: str = "tun0"
    address: str = "100.64.236.245/32"

    name = "vpn-tunnel"
    kind = "tun"
    story = (
        "OpenVPN, Tailscale or another VPN makes an interface with an address of its own. First-found takes it when "
        "calico-node starts again, and calico-node's monitor within a minute (calico#5090, #7832, #8185, rke2#4320); "
        "no version passes over tun* or tailscale*."
    )

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Every version, where the tunnel is the newest interface: `ip tuntap` cannot be told an index.

        In a node that is itself a container, as on kind, the NIC keeps a higher one.
        """
        del version
        return lab_kind != "kind"

    def _make(self, node: Node) -> None:
        node.run(["ip", "tuntap", "add", "dev", self.interface, "mode", "tun"])
