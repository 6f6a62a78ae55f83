"""The founding fault: a docker network's bridge appears on a node, and first-found takes its address for BGP."""

from __future__ import annotations

from dataclasses import dataclass

from calicolab.calico import versions
from calicolab.faults.interfaces import EmptyBridge


@dataclass(frozen=True)
class DockerBridge(EmptyBridge):
    """A bridge as `docker network create` leaves it without a container: an address, no carrier, state DOWN.

    With another `bridge` than br-*, it is one that was given a name of its own (com.docker.network.bridge.name).

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

    @property
    def interface(self) -> str:
        """The bridge."""
        return self.bridge

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Whether calico-node of `version` takes its address with first-found.

        Source: node/pkg/lifecycle/startup/autodetection/autodetection_linux.go excludes ^br-.* from v3.25.0 on.
        """
        del lab_kind
        return versions.lookup(version).takes_br_bridges or not self.bridge.startswith("br-")
