"""Podman's bridge appears on a node: podman0 of today's netavark, or cni-podman0 of the CNI plugins before it."""

from __future__ import annotations

from dataclasses import dataclass

from calicolab.calico import versions
from calicolab.faults.interfaces import EmptyBridge


@dataclass(frozen=True)
class PodmanBridge(EmptyBridge):
    """The bridge of podman's default network without a container: an address, no carrier, state DOWN.

    Raises:
        UsageError: `interface` is no interface name, or `address` is no IPv4 address with a prefix length.
    """

    node: str
    interface: str = "podman0"
    address: str = "10.88.0.1/16"

    name = "podman-bridge"
    story = (
        "The first container of podman makes its bridge with 10.88.0.1/16: podman0 since podman 4, cni-podman0 before. "
        "First-found takes podman0 up to v3.24 and passes over it from v3.25.0 on (calico#7045); cni-podman0 has "
        "always been passed over, as interfaces of CNI's bridge plugin are."
    )

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Whether calico-node of `version` takes its address with first-found.

        Source: node/pkg/lifecycle/startup/autodetection/autodetection_linux.go excludes cni.* in every version, and
        ^podman.* since it excludes ^br-.*.
        """
        del lab_kind
        return versions.lookup(version).takes_br_bridges and not self.interface.startswith("cni")
