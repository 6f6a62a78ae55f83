"""What the faults have in common that make an interface with an address appear on a node."""

from __future__ import annotations

import ipaddress
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.calico.facts import Interface
    from calicolab.labs.base import Lab, Node

#: The longest name of an interface: IFNAMSIZ less its final NUL (linux/if.h).
NAME_LIMIT = 15
#: What the kernel takes (dev_valid_name, net/core/dev.c), and can be printed.
_NAME = re.compile(rf"[!-.0-9;-~]{{1,{NAME_LIMIT}}}", re.ASCII)
#: The end of a container's cable, there for a moment.
PORT = "veth-gone"


class NewInterface(ABC):
    """An interface that appears on `node` with `address`. Whoever inherits it is a frozen dataclass.

    Raises:
        UsageError: `interface` is no interface name, or `address` is no IPv4 address with a prefix length.
    """

    name: str
    node: str
    address: str
    #: As the kernel calls it, such as "bridge".
    kind: str

    def __post_init__(self) -> None:
        check_name(self.interface, what=self.name)
        check_address(self.address, what=self.name)

    @property
    @abstractmethod
    def interface(self) -> str:
        """Its name."""

    @abstractmethod
    def _make(self, node: Node) -> None:
        """Make it on the node, without an address."""

    @property
    def host(self) -> str:
        """Its address without the prefix length: the one that peers dial."""
        return self.address.partition("/")[0]

    def inject(self, lab: Lab) -> None:
        """Make it, give it its address and switch it on."""
        node = lab.node(self.node)
        self._make(node)
        node.run(["ip", "address", "add", self.address, "dev", self.interface])
        node.run(["ip", "link", "set", "dev", self.interface, "up"])

    def injected(self, lab: Lab) -> bool:
        """Whether it is there with its address, and newer than all else that has one."""
        found = [interface for interface in lab.node(self.node).calico.interfaces() if interface.addresses]
        newest = max(found, key=lambda found: found.index)
        return (
            newest.name == self.interface
            and newest.kind == self.kind
            and newest.addresses == (self.address,)
            and self._as_made(newest)
        )

    def heal(self, lab: Lab) -> None:
        """Remove it; what calico-node has made of it is for a cure to correct."""
        if not self.healed(lab):
            lab.node(self.node).run(["ip", "link", "delete", "dev", self.interface])

    def healed(self, lab: Lab) -> bool:
        """Whether it is gone."""
        return all(found.name != self.interface for found in lab.node(self.node).calico.interfaces())

    def _as_made(self, found: Interface) -> bool:
        """Whether it is in the state that it was made in."""
        del found
        return True


class EmptyBridge(NewInterface):
    """A bridge as a container engine leaves it without a container: an address, no carrier, state DOWN."""

    kind = "bridge"

    def _make(self, node: Node) -> None:
        # A port would lend the bridge its own hardware address otherwise, and take it away again.
        argv = ["ip", "link", "add", "index", newest_index(node), "name", self.interface]
        node.run([*argv, "address", hardware_address(self.host), "type", "bridge"])

    def inject(self, lab: Lab) -> None:
        """Make the bridge, with an address and switched on, and take its only container away."""
        super().inject(lab)
        node = lab.node(self.node)
        # A bridge that never had a port says UNKNOWN and has a carrier; one that lost its last has none and says DOWN.
        node.run(["ip", "link", "add", "name", PORT, "type", "veth", "peer", "name", f"{PORT}-peer"])
        node.run(["ip", "link", "set", "dev", PORT, "master", self.interface])
        node.run(["ip", "link", "delete", "dev", PORT])

    def _as_made(self, found: Interface) -> bool:
        return found.state == "DOWN" and not found.carrier


def newest_index(node: Node) -> str:
    """An index above all that the node has, as that of what appears on a real host.

    In a node that is itself a container the NIC has an index of the machine below, and the kernel would give what is
    made there a lower one (calico-node looks from the highest index down).
    """
    return str(max(interface.index for interface in node.calico.interfaces()) + 1)


def hardware_address(address: str) -> str:
    """The hardware address that docker gives a bridge with this IPv4 address: 02:42 and its four bytes."""
    return "02:42:" + ipaddress.IPv4Address(address).packed.hex(":")


def check_name(interface: str, *, what: str) -> None:
    """Refuse what is no name of an interface; `what` has it.

    Raises:
        UsageError: it is none.
    """
    if not _NAME.fullmatch(interface) or interface in (".", ".."):
        raise UsageError(
            f"an interface's name has 1 to {NAME_LIMIT} letters, digits and signs, no space, slash or colon, "
            f"but that of {what} is {interface!r} ({len(interface)}): choose another"
        )


def check_address(address: str, *, what: str) -> None:
    """Refuse what is no IPv4 address with a prefix length; `what` has it.

    Raises:
        UsageError: it is none.
    """
    try:
        ipaddress.IPv4Interface(address)
    except ValueError as error:
        raise UsageError(f"{what} needs an IPv4 address such as 172.18.0.1/16: {error}") from error
    if "/" not in address:
        raise UsageError(f"the address of {what} needs a prefix length, as in {address}/16")
