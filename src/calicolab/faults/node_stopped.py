"""calico-node ended on one node and did not come back: what every other node sees of a node that is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico.bird_client import BirdError

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


@dataclass(frozen=True)
class NodeStopped:
    """The calico-node container of `node` is ended; its Node resource stays."""

    node: str

    name = "node-stopped"
    story = (
        "A node is drained, crashed or shut down while its Node resource stays in the datastore: all others keep "
        "dialling it, and their probes name it for 30 s after each restart (calico#2211, #2370, calicoctl#1663)."
    )

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Every version and lab."""
        del version, lab_kind
        return True

    def inject(self, lab: Lab) -> None:
        """End the container."""
        lab.node(self.node).calico.stop()

    def injected(self, lab: Lab) -> bool:
        """Whether its BIRD is gone."""
        return not self._answers(lab)

    def heal(self, lab: Lab) -> None:
        """Start the container, if it does not run."""
        if not self._answers(lab):
            lab.node(self.node).calico.restart()

    def healed(self, lab: Lab) -> bool:
        """Whether its BIRD answers."""
        return self._answers(lab)

    def _answers(self, lab: Lab) -> bool:
        try:
            lab.node(self.node).calico.sessions()
        except BirdError:
            return False
        return True
