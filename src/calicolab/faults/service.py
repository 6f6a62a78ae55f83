"""One of calico-node's own services is down or hangs, while the container runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

Action = Literal["down", "pause"]


@dataclass(frozen=True)
class ServiceFault:
    """A service of calico-node on `node` is stopped ("down") or frozen with SIGSTOP ("pause")."""

    node: str
    service: Literal["bird", "felix", "confd"]
    action: Action = "down"

    story = (
        "runit keeps calico-node's services running one by one, and each may die or hang by itself: a hung BIRD "
        "(calico#7472), a dead Felix, a confd that writes no more (calico#3785)."
    )

    @property
    def name(self) -> str:
        """Such as "felix-down"."""
        return f"{self.service}-{'down' if self.action == 'down' else 'frozen'}"

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Every version and lab."""
        del version, lab_kind
        return True

    def inject(self, lab: Lab) -> None:
        """Stop or freeze it."""
        lab.node(self.node).calico.service(self.service, self.action)

    def injected(self, lab: Lab) -> bool:
        """Whether runit says so."""
        said = self._status(lab)
        return said.startswith("down:") if self.action == "down" else "paused" in said

    def heal(self, lab: Lab) -> None:
        """Let it go on."""
        lab.node(self.node).calico.service(self.service, "up" if self.action == "down" else "cont")

    def healed(self, lab: Lab) -> bool:
        """Whether runit says that it runs."""
        said = self._status(lab)
        return said.startswith("run:") and "paused" not in said

    def _status(self, lab: Lab) -> str:
        return lab.node(self.node).calico.run_status(["sv", "status", self.service]).stdout
