"""Cures by calico-node's settings: it is told how to find its address, or which it is, and started afresh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.faults.cures.base import FOR_GOOD, Lasting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.labs.base import Lab


def _start_with(lab: Lab, node: str, environment: Mapping[str, str]) -> None:
    """Start calico-node afresh on `node` with these settings; nothing is waited for."""
    lab.node(node).calico.restart(environment=environment)
    settings = " ".join(f"{name}={value}" for name, value in environment.items())
    lab.timeline.add("cure-applied", lab=lab.id, node=node, detail=settings)


@dataclass(frozen=True)
class SetAutodetectionMethod:
    """calico-node starts with another IP_AUTODETECTION_METHOD, one that finds the right address."""

    node: str
    #: As the setting takes it, such as "interface=eth0" or "cidr=192.168.21.0/24".
    method: str

    @property
    def name(self) -> str:
        """The method itself."""
        return self.method

    @property
    def story(self) -> str:
        """In a sentence, what is done."""
        return f"calico-node is started with IP_AUTODETECTION_METHOD={self.method}; what is stored it corrects itself."

    def apply(self, lab: Lab) -> None:
        """Start calico-node with it."""
        _start_with(lab, self.node, {"IP_AUTODETECTION_METHOD": self.method})

    def works(self, version: str) -> bool:
        """On every version."""
        del version
        return True

    def lasts(self, version: str) -> Lasting:
        """For good: each start and each look of the monitor finds the right address by the same method.

        Source: AutoDetectCIDR, in node/pkg/lifecycle/startup/autodetection from v3.22 on and in startup.go before.
        """
        del version
        return FOR_GOOD


@dataclass(frozen=True)
class ExplicitAddress:
    """calico-node starts with its own address in IP, and detects nothing.

    `address` is without a prefix length, as people write it: calico-node takes that of the interface (GetLocalCIDR).
    """

    node: str
    address: str

    @property
    def name(self) -> str:
        """The setting."""
        return "IP=<address>"

    @property
    def story(self) -> str:
        """In a sentence, what is done."""
        return f"calico-node is started with IP={self.address}: nothing is detected any more."

    def apply(self, lab: Lab) -> None:
        """Start calico-node with it."""
        _start_with(lab, self.node, {"IP": self.address})

    def works(self, version: str) -> bool:
        """On every version."""
        del version
        return True

    def lasts(self, version: str) -> Lasting:
        """For good: each start and each look of the monitor writes the same (configureIPsAndSubnets)."""
        del version
        return FOR_GOOD
