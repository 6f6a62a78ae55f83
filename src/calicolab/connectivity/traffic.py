"""Traffic between pods all the while something goes on: every ordered pair, small requests, a record of each."""

from __future__ import annotations

import json
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.connectivity import pod_program, traffic_program
from calicolab.errors import LabError
from calicolab.evidence.signoff import PairTraffic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from calicolab.connectivity.pods import Pod
    from calicolab.evidence.timeline import Timeline

LOOPBACK = "127.0.0.1"
#: Seconds between two requests of one flow: what a gap is known to.
INTERVAL = 0.02
#: Seconds after which a request counts as lost: TCP has sent its first packet a second time by then (RFC 6298, 1 s).
PATIENCE = 2.0
#: Seconds after which a measurement ends by itself, should nobody stop it.
LIMIT = 1800.0
#: Milliseconds after which a pod's answer to itself says that the machine has no time for it.
SLOW = 500.0
#: Points of a plot, the most that a report keeps of one flow.
SAMPLES = 300
#: Seconds for starting Python in a pod on a busy machine, and for handing over what was noted.
PROGRAM_TIMEOUT = 60.0
#: Pods that are started and stopped at the same time.
AT_ONCE = 8


@dataclass(frozen=True)
class Request:
    """One request: when it was sent, in seconds on the run's time line, and after how long it was answered."""

    sent: float
    #: Milliseconds; None when no answer came.
    milliseconds: float | None

    @property
    def lost(self) -> bool:
        """Whether it was not answered in time."""
        return self.milliseconds is None or self.milliseconds > PATIENCE * 1000


@dataclass(frozen=True, repr=False)
class Flow:
    """The requests of one pod to another by one protocol, in the order in which they were sent."""

    source: str
    target: str
    protocol: str
    requests: tuple[Request, ...]

    @property
    def lost(self) -> tuple[Request, ...]:
        """The requests that were not answered in time."""
        return tuple(request for request in self.requests if request.lost)

    @property
    def worst_gap_ms(self) -> float:
        """Milliseconds of the longest time without an answer to whoever asked then or later.

        From a request's sending to the first answer to it or to any later one. When no more came, to the last request.
        A machine too busy to ask leaves no gap, one too busy to answer does.
        """
        if not self.requests:
            return 0.0
        worst, first = 0.0, None
        for request in reversed(self.requests):
            if request.milliseconds is not None:
                came = request.sent + request.milliseconds / 1000
                first = came if first is None else min(first, came)
            worst = max(worst, (self.requests[-1].sent if first is None else first) - request.sent)
        return worst * 1000

    def to_fact(self) -> PairTraffic:
        """Itself for the sign-off page."""
        times = sorted(request.milliseconds for request in self.requests if request.milliseconds is not None)
        return PairTraffic(
            source=self.source,
            target=self.target,
            protocol=self.protocol,
            sent=len(self.requests),
            lost=len(self.lost),
            worst_gap_ms=round(self.worst_gap_ms, 1),
            median_ms=round(statistics.median(times), 3) if times else None,
            p99_ms=round(times[min(len(times) - 1, len(times) * 99 // 100)], 3) if times else None,
            samples=self._samples(),
        )

    def _samples(self) -> list[tuple[float, float | None]]:
        """At most SAMPLES requests: of as many that follow each other, the one that fared worst."""
        size = -(-len(self.requests) // SAMPLES)
        worst = [
            max(self.requests[start : start + size], key=_badness)
            for start in range(0, len(self.requests), size or 1)
        ]
        return [
            (
                round(request.sent, 3),
                None if request.lost or request.milliseconds is None else round(request.milliseconds, 3),
            )
            for request in worst
        ]

    def slow_at(self, time: float) -> bool:
        """Whether a request of about that time, in seconds on the run's time line, was slow or lost."""
        return any(
            request.lost or (request.milliseconds or 0.0) > SLOW
            for request in self.requests
            if abs(request.sent - time) <= PATIENCE
        )

    def __str__(self) -> str:
        return (
            f"{self.source} -> {self.target} {self.protocol}: {len(self.lost)} of {len(self.requests)} lost, "
            f"worst gap {self.worst_gap_ms:.0f} ms"
        )

    def __repr__(self) -> str:
        """Short: there are thousands of requests in it."""
        return f"<{self}>"


def _badness(request: Request) -> float:
    return float("inf") if request.lost or request.milliseconds is None else request.milliseconds


class Traffic:
    """Every pod asks every other all the while: `with Traffic(pods, timeline=...) as traffic: ...`, then `flows`.

    Each also asks itself, which nothing of Calico's has a part in: whether the machine has time for all this.

    Args:
        pods: who asks and is asked; of two pods of one node none asks the other.
        timeline: on which requests are placed in time.
        interval: seconds between two requests of one flow.
    """

    def __init__(self, pods: Sequence[Pod], *, timeline: Timeline, interval: float = INTERVAL) -> None:
        self._pods, self._timeline, self._interval = tuple(pods), timeline, interval
        self._started: list[Pod] = []
        #: What came of it, once it was stopped; and of what each pod asked itself.
        self.flows: tuple[Flow, ...] = ()
        self.own: tuple[Flow, ...] = ()

    def __enter__(self) -> Self:
        try:
            with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
                list(pool.map(self._start, self._pods))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Send no more, wait for the answers that are due, and collect what came of it.

        Raises:
            LabError: a pod's program has ended, or noted nothing.
        """
        started, self._started = self._started, []
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            found = [flow for flows in pool.map(self._stop, started) for flow in flows]
        self.flows += tuple(flow for flow in found if flow.source != flow.target)
        self.own += tuple(flow for flow in found if flow.source == flow.target)
        empty = [flow for flow in found if not flow.requests]
        if empty:
            raise LabError(f"traffic was to be measured, but nothing was sent: {empty[0]}")

    def _start(self, pod: Pod) -> None:
        targets = [
            {"name": other.name, "address": other.address, "port": pod_program.PORT}
            for other in self._pods
            if other.node != pod.node
        ]
        targets.append({"name": pod.name, "address": LOOPBACK, "port": pod_program.PORT})
        plan = {"targets": targets, "interval": self._interval, "patience": PATIENCE, "limit": LIMIT}
        pod.run_python(SOURCE, "start", json.dumps(plan), timeout=PROGRAM_TIMEOUT)
        self._started.append(pod)

    def _stop(self, pod: Pod) -> list[Flow]:
        said = pod.run_python(SOURCE, "stop", timeout=PROGRAM_TIMEOUT)
        return [
            Flow(
                source=pod.name,
                target=flow["target"],
                protocol=flow["protocol"],
                requests=tuple(
                    Request(sent - self._timeline.started, None if took is None else took * 1000)
                    for sent, took in flow["requests"]
                ),
            )
            for flow in json.loads(said)
        ]


def excused(flow: Flow, own: Sequence[Flow]) -> bool:
    """Whether `flow` lost requests, and each while one of its two pods was too busy to answer itself.

    Such a loss says nothing of the way between them.

    Args:
        flow: of two pods.
        own: what each pod asked itself meanwhile.
    """
    theirs = [one for one in own if one.source in (flow.source, flow.target)]
    return bool(flow.lost) and all(any(one.slow_at(request.sent) for one in theirs) for request in flow.lost)


#: What is run in the pods.
SOURCE = Path(traffic_program.__file__).read_text(encoding="utf-8")
