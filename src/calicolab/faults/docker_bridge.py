"""The founding fault: a docker network's bridge appears on a node, and first-found takes its address for BGP."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico import versions
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

#: The longest name of an interface: IFNAMSIZ less its final NUL (linux/if.h).
NAME_LIMIT = 15
#: What the kernel takes (dev_valid_name, net/core/dev.c), and can be printed.
_NAME = re.compile(rf"[!-.0-9;-~]{{1,{NAME_LIMIT}}}", re.ASCII)
#: As docker chooses them; a port would lend the bridge its own otherwise, and take it away again.
MAC = "02:42:ac:12:00:01"
#: The end of a container's cable, there for a moment.
PORT = "veth-gone"


@dataclass(frozen=True)
class DockerBridge:
    """A bridge as `docker network create` leaves it without a container: an address, no carrier, state DOWN.

    Raises:
        UsageError: `bridge` is no interface name, or `address` is no IPv4 address with a prefix length.
    """

    node: str
    bridge: str = "br-fac7e8026658"
    address: str = "172.18.0.1/16"

    name = "docker-bridge"
    story = (
        "`docker network create` makes a bridge on one node. When calico-node starts again there, first-found looks at "
        "the newest interface first, carrier or not, and the node announces 172.18.0.1 as its BGP address (calico"
        "#1628, #2561, #3194, #8607). From v3.25.0 on, names that start with br- are passed over (calico#7045)."
    )

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.bridge) or self.bridge in (".", ".."):
            raise UsageError(
                f"an interface's name has 1 to {NAME_LIMIT} letters, digits and signs, no space, slash or colon, "
                f"but the bridge is called {self.bridge!r} ({len(self.bridge)}): choose another"
            )
        try:
            ipaddress.IPv4Interface(self.address)
        except ValueError as error:
            raise UsageError(f"the bridge needs an IPv4 address such as 172.18.0.1/16: {error}") from error
        if "/" not in self.address:
            raise UsageError(f"the bridge's address needs a prefix length, as in {self.address}/16")

    @property
    def host(self) -> str:
        """Its address without the prefix length: the one that peers dial."""
        return self.address.partition("/")[0]

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Whether calico-node of `version` takes its address with first-found.

        Source: node/pkg/lifecycle/startup/autodetection/autodetection_linux.go excludes ^br-.* from v3.25.0 on.
        """
        del lab_kind
        return versions.lookup(version).takes_br_bridges or not self.bridge.startswith("br-")

    def inject(self, lab: Lab) -> None:
        """Make the bridge as docker does, with an address and switched on, and take its only container away."""
        node = lab.node(self.node)
        # As on a real host, it is newer than all that is there. In a node that is itself a container the NIC has an
        # index of the machine below, and the kernel would give the bridge a lower one (calico-node looks from the
        # highest index down).
        index = str(max(interface.index for interface in node.calico.interfaces()) + 1)
        node.run(["ip", "link", "add", "index", index, "name", self.bridge, "address", MAC, "type", "bridge"])
        node.run(["ip", "address", "add", self.address, "dev", self.bridge])
        node.run(["ip", "link", "set", "dev", self.bridge, "up"])
        # A bridge that never had a port says UNKNOWN and has a carrier; one that lost its last has none and says DOWN.
        node.run(["ip", "link", "add", "name", PORT, "type", "veth", "peer", "name", f"{PORT}-peer"])
        node.run(["ip", "link", "set", "dev", PORT, "master", self.bridge])
        node.run(["ip", "link", "delete", "dev", PORT])

    def injected(self, lab: Lab) -> bool:
        """Whether the bridge is there, has its address and no carrier, and is newer than all else with an address."""
        found = lab.node(self.node).calico.interfaces()
        newest = max((interface for interface in found if interface.addresses), key=lambda found: found.index)
        return (
            newest.name == self.bridge
            and newest.kind == "bridge"
            and newest.addresses == (self.address,)
            and newest.state == "DOWN"
            and not newest.carrier
        )

    def heal(self, lab: Lab) -> None:
        """Remove the bridge; what calico-node has made of it is for a cure to correct."""
        if not self.healed(lab):
            lab.node(self.node).run(["ip", "link", "delete", "dev", self.bridge])

    def healed(self, lab: Lab) -> bool:
        """Whether the bridge is gone."""
        return all(interface.name != self.bridge for interface in lab.node(self.node).calico.interfaces())
