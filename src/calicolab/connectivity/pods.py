"""What a test pod is, on whatever lab: it has an address, a server, and a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    def run_python(self, source: str, *arguments: str, timeout: float) -> str:
        """Run a program in Python in the pod and return what it printed; it must end with 0.

        Args:
            source: the program's text.
            arguments: the program's.
            timeout: seconds.

        Raises:
            LabError: it ended otherwise, or not in time.
        """


def questions(targets: Sequence[Pod], *, traffic: Sequence[Traffic], timeout: float) -> list[dict[str, Any]]:
    """What `pod_program` is asked: every target, once for each kind of traffic."""
    return [
        {"target": target.name, "address": target.address, "protocol": kind, "timeout": timeout}
        for target in targets
        for kind in traffic
    ]


def answers(source: str, replies: Sequence[Mapping[str, Any]]) -> tuple[Reach, ...]:
    """What `pod_program` answered in the pod `source`."""
    return tuple(
        Reach(
            source=source,
            target=reply["target"],
            traffic=cast("Traffic", reply["protocol"]),
            reached=reply["answered"] == reply["target"],
            detail=reply["detail"] or _impostor(reply["answered"], reply["target"]),
            milliseconds=reply["milliseconds"],
        )
        for reply in replies
    )


def _impostor(answered: str, target: str) -> str:
    return "" if answered == target else f"{answered} answered instead"
