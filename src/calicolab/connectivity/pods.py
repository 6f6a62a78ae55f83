"""What a test pod is, on whatever lab: it has an address, a server, and a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What is asked of a pod: a TCP exchange, a UDP exchange, or 1 MB over TCP.
Traffic = Literal["tcp", "udp", "transfer"]
ALL_TRAFFIC: tuple[Traffic, ...] = ("tcp", "udp", "transfer")


@dataclass(frozen=True)
class Reach:
    """Whether one pod reached another. `milliseconds` is the time of the whole exchange, or until it was given up."""

    source: str
    target: str
    traffic: Traffic
    reached: bool
    #: Why not; "" when it did.
    detail: str
    milliseconds: float

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} {self.traffic}: {'reached' if self.reached else self.detail}"


class Pod(Protocol):
    """A test pod."""

    name: str
    #: The node it is on.
    node: str
    address: str

    def reach(
        self, targets: Sequence[Pod], *, traffic: Sequence[Traffic] = ALL_TRAFFIC, timeout: float = 2.0
    ) -> tuple[Reach, ...]:
        """Ask every target's server, once for each kind of traffic and all at the same time.

        Args:
            targets: the pods to reach.
            traffic: how.
            timeout: seconds until a server counts as not reached.
        """
