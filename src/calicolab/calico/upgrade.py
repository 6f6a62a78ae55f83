"""What comes of an upgrade: which nodes have the other version, and where it stopped. Facts, without a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calicolab.calico.facts import Readiness


@dataclass(frozen=True)
class NodeReplaced:
    """One node's calico-node was replaced by another version's; times are seconds on the run's time line."""

    node: str
    #: When the old one was ended.
    began: float
    #: When the new one's probe said ready, or was given up.
    ended: float
    readiness: Readiness

    def __str__(self) -> str:
        return f"{self.node}: {self.readiness} after {self.ended - self.began:.1f} s"


@dataclass(frozen=True)
class Upgraded:
    """How far an upgrade to `version` came."""

    version: str
    #: In the order in which it came to them; nodes that had the version already are not among them.
    replaced: tuple[NodeReplaced, ...]
    #: The nodes that it did not come to, as the one before them was not ready.
    left: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it came to every node, and each became ready."""
        return not self.left and all(one.readiness.ready for one in self.replaced)

    @property
    def stopped_at(self) -> NodeReplaced | None:
        """The node that did not become ready; None when there was none."""
        return next((one for one in self.replaced if not one.readiness.ready), None)

    def __str__(self) -> str:
        lines = [f"to {self.version}", *map(str, self.replaced)]
        return "; ".join([*lines, *([f"not reached: {', '.join(self.left)}"] if self.left else [])])
