"""The cure by removing the cause: the interface whose address was taken is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico import address_monitor
from calicolab.faults.cures.base import FOR_GOOD, Lasting

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


@dataclass(frozen=True)
class RemoveInterface:
    """`ip link delete`; calico-node is started again only with `restart`, and otherwise left to its own monitor."""

    node: str
    interface: str
    restart: bool = False

    @property
    def name(self) -> str:
        """Whether calico-node is started again is part of it."""
        return "remove-bridge-and-restart" if self.restart else "remove-bridge"

    @property
    def story(self) -> str:
        """In a sentence, what is done."""
        removed = f"`ip link delete dev {self.interface}`"
        if self.restart:
            return f"{removed}, and calico-node is started again."
        return f"{removed}, and no more: the right address is left to calico-node's own monitor to find."

    def apply(self, lab: Lab) -> None:
        """Delete the interface, and start calico-node again if that is part of it."""
        node = lab.node(self.node)
        node.run(["ip", "link", "delete", "dev", self.interface])
        if self.restart:
            node.calico.restart()
        lab.timeline.add("cure-applied", lab=lab.id, node=self.node, detail=f"{self.name} {self.interface}")

    def works(self, version: str) -> bool:
        """With a start on every version; without one from v3.29 on.

        Through v3.28 the monitor finds the right address at its next look, and is refused when it writes it: it read
        the Node when it began, and calico-node itself changes that right afterwards. Its service for tunnel addresses
        updates the Node for each kind of tunnel that is off, whether or not there is anything to change
        (removeHostTunnelAddr, node/pkg/allocateip/allocateip.go), and for etcd each update is a new revision. The
        monitor tries three times with the revision that it knows, and then takes the address for written. From v3.29
        on it reads the Node at each look.
        """
        return self.restart or address_monitor.reads_the_node_again(version)

    def lasts(self, version: str) -> Lasting:
        """For good, as long as nobody makes the interface again: there is no other address to take."""
        del version
        return FOR_GOOD
