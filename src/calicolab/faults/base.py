"""What a fault is: a value that says how to break a lab, how that is seen, and how it is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


class Fault(Protocol):
    """A declared fault. Implementations are frozen dataclasses, one a file."""

    @property
    def name(self) -> str:
        """Short, such as "docker-bridge"."""

    @property
    def story(self) -> str:
        """One paragraph: where it comes from and whom it hit, with issue numbers."""

    @property
    def node(self) -> str:
        """The node it is injected on; "" when it is the cluster's."""

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Whether this Calico version, on this kind of lab, shows the symptom."""

    def inject(self, lab: Lab) -> None:
        """Break it."""

    def injected(self, lab: Lab) -> bool:
        """Whether the fault is there now, looked at afresh."""

    def heal(self, lab: Lab) -> None:
        """Undo it; a fault that is already gone is no error."""

    def healed(self, lab: Lab) -> bool:
        """Whether nothing of it is left, looked at afresh."""
