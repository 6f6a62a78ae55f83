"""What a cure is: a value that says what is done, does it, and says how long that is claimed to last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


@dataclass(frozen=True)
class Lasting:
    """What a cure outlives while its cause is still there, as Calico's code has it."""

    #: calico-node's own monitor of the node's address.
    monitor: bool
    #: A start of calico-node with the settings that the cure has left it.
    restart: bool
    #: The same, as any later version of Calico.
    upgrade: bool


#: Of a cure after which calico-node itself comes to the right address.
FOR_GOOD = Lasting(monitor=True, restart=True, upgrade=True)


class Cure(Protocol):
    """A declared cure. Implementations are frozen dataclasses."""

    @property
    def name(self) -> str:
        """Short, such as "interface=eth0"."""

    @property
    def story(self) -> str:
        """In a sentence, what is done."""

    @property
    def node(self) -> str:
        """The node that is cured."""

    def apply(self, lab: Lab) -> None:
        """Do it; that it helped is for the mesh to show."""

    def works(self, version: str) -> bool:
        """Whether the mesh comes back on this version of Calico, as its code has it."""

    def lasts(self, version: str) -> Lasting:
        """What it outlives on this version of Calico."""
