"""The cure by removing the cause: the interface whose address was taken is deleted, and nothing else is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.faults.cures.base import FOR_GOOD, Lasting

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


@dataclass(frozen=True)
class RemoveInterface:
    """`ip link delete`. calico-node is not started again: that its monitor corrects the address is waited for."""

    node: str
    interface: str

    name = "remove-bridge"

    @property
    def story(self) -> str:
        """In a sentence, what is done."""
        return (
            f"`ip link delete dev {self.interface}`, and no more: calico-node's own monitor finds the right address "
            "at its next look."
        )

    def apply(self, lab: Lab) -> None:
        """Delete the interface."""
        lab.node(self.node).run(["ip", "link", "delete", "dev", self.interface])
        lab.timeline.add("cure-applied", lab=lab.id, node=self.node, detail=f"{self.name} {self.interface}")

    def lasts(self, version: str) -> Lasting:
        """For good, as long as nobody makes the interface again: there is no other address to take."""
        del version
        return FOR_GOOD
