"""The moments in which a node has no route to another node's pods, as BIRD replaces one: taken away, and put back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import IO, TYPE_CHECKING

from calicolab.connectivity.traffic import INTERVAL, LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from calicolab.connectivity.traffic import Flow
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.base import Node

#: iproute2's own words, with the time in the zone that TZ names. It ends by itself, should nobody end it.
PROGRAM = ("env", "TZ=UTC", "timeout", "--foreground", f"{LIMIT:.0f}", "ip", "-ts", "-4", "monitor", "route")
#: Seconds between a request's being noted and its, or its answer's, needing the route.
NEAR = 0.2
#: Seconds for a program that was told to end.
END_TIMEOUT = 10.0
#: [2026-11-23T22:34:16.284961] Deleted 10.244.140.64/26 via 192.168.21.12 dev eth0 proto bird
_LINE = re.compile(
    r"^\[(?P<time>[^\]]+)\] (?P<gone>Deleted )?(?P<network>\d+\.\d+\.\d+\.\d+/\d+) via .* proto bird"
)


@dataclass(frozen=True)
class Replacement:
    """A route of BIRD's that a node did not have for a moment; times in seconds on the run's time line."""

    node: str
    network: str
    gone: float
    #: None when it did not come back.
    back: float | None

    @property
    def milliseconds(self) -> float | None:
        """How long the node was without it."""
        return None if self.back is None else (self.back - self.gone) * 1000

    @property
    def brief(self) -> bool:
        """Whether a flow can have lost one datagram by it, and no more."""
        return self.back is not None and self.back - self.gone < INTERVAL

    def may_have_lost(self, sent: float, *, towards: str) -> bool:
        """Whether a datagram to the address `towards` that was sent at a time may have met no route."""
        return (
            self.brief and abs(sent - self.gone) <= NEAR and IPv4Address(towards) in IPv4Network(self.network)
        )


class RouteWatch:
    """Watches the routes of all nodes while its context lasts.

    Afterwards `replacements` has what was seen, and `unwatched` the nodes where the program did not run to the end.
    """

    def __init__(self, nodes: Iterable[Node], *, timeline: Timeline) -> None:
        self._nodes = tuple(nodes)
        self._timeline = timeline
        self._programs: list[tuple[str, subprocess.Popen[str], IO[str]]] = []
        self.replacements: tuple[Replacement, ...] = ()
        self.unwatched: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        for node in self._nodes:
            said = tempfile.TemporaryFile("w+", encoding="utf-8")
            program = subprocess.Popen(
                node.apart(PROGRAM),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self._programs.append((node.name, program, said))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A wall clock's time less this is one on the run's time line.
        started = time.time() - time.monotonic() + self._timeline.started
        found: list[Replacement] = []
        self.unwatched = tuple(node for node, program, _ in self._programs if program.poll() is not None)
        for node, program, said in self._programs:
            # nsenter's child is to end with it; that of `docker exec` ends when it next has something to say.
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait(END_TIMEOUT)
            with said:
                said.seek(0)
                found += read(said, node=node, started=started)
        self.replacements = tuple(sorted(found, key=lambda one: one.gone))


def read(lines: Iterable[str], *, node: str, started: float) -> Sequence[Replacement]:
    """What `ip -ts monitor route` saw of BIRD's routes on a node.

    Args:
        lines: what it said.
        node: the node's name.
        started: when the run's time line began, in seconds since the epoch.
    """
    found: list[Replacement] = []
    gone: dict[str, float] = {}
    for match in filter(None, map(_LINE.match, lines)):
        network = match["network"]
        seconds = datetime.fromisoformat(match["time"]).replace(tzinfo=UTC).timestamp() - started
        if match["gone"]:
            gone[network] = seconds
        elif network in gone:
            found.append(Replacement(node, network, gone.pop(network), seconds))
    return [*found, *(Replacement(node, network, time, None) for network, time in gone.items())]


def explaining(
    flow: Flow, replacements: Iterable[Replacement], *, pods: Mapping[str, tuple[str, str]]
) -> tuple[Replacement, ...]:
    """The replaced routes that explain a lost datagram of `flow`, one each.

    BIRD 1.6 replaces a route by taking it away and adding it again, two messages to the kernel a tenth of a millisecond
    apart. What is sent between them meets no route; TCP sends it again, UDP does not (docs/decisions/0100).

    Args:
        flow: of two pods.
        replacements: what was seen on the nodes.
        pods: node and address of each pod, by its name.
    """
    if flow.protocol != "udp":
        return ()
    (source, source_address), (target, target_address) = pods[flow.source], pods[flow.target]
    towards = {source: target_address, target: source_address}
    left = [one for one in replacements if one.node in towards]
    used = []
    for request in flow.lost:
        one = next((one for one in left if one.may_have_lost(request.sent, towards=towards[one.node])), None)
        if one is not None:
            left.remove(one)
            used.append(one)
    return tuple(used)
