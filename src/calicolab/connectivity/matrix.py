"""Which pods reach which: every ordered pair, every kind of traffic, observed beside expected."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.connectivity.pods import ALL_TRAFFIC, Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calicolab.connectivity.pods import Pod, Traffic

#: Pods that ask at the same time; each is a process of its own.
ASKING_AT_ONCE = 4


@dataclass(frozen=True)
class PodMatrix:
    """What every pod reached. `nodes` says which node each pod is on."""

    nodes: dict[str, str]
    results: tuple[Reach, ...]

    @property
    def broken(self) -> tuple[Reach, ...]:
        """What was not reached."""
        return tuple(result for result in self.results if not result.reached)

    @property
    def is_full(self) -> bool:
        """Whether everything was asked and reached; an empty matrix is not full."""
        return bool(self.results) and not self.broken

    def wrong(self, expected: Callable[[str, str], bool]) -> tuple[Reach, ...]:
        """The results that are not as expected.

        Args:
            expected: whether a pod on the first node should reach a pod on the second.
        """
        return self.differing(self._by_nodes(expected))

    def explain(self, expected: Callable[[str, str], bool]) -> str:
        """A line a result: expected, observed, and WRONG where they differ; `expected` as for `wrong`."""
        return self.side_by_side(self._by_nodes(expected))

    def differing(self, expected: Callable[[Reach], bool]) -> tuple[Reach, ...]:
        """The results that are not as expected.

        Args:
            expected: whether the source of this result should reach its target, by this traffic.
        """
        return tuple(result for result in self.results if result.reached != expected(result))

    def side_by_side(self, expected: Callable[[Reach], bool]) -> str:
        """A line a result: expected, observed, and WRONG where they differ; `expected` as for `differing`."""
        lines = [f"{'pair':<28} {'traffic':<9} {'expected':<9} observed"]
        for result in self.results:
            should = expected(result)
            observed = (
                f"reached in {result.milliseconds:.0f} ms" if result.reached else f"cut ({result.detail})"
            )
            lines.append(
                f"{f'{result.source} -> {result.target}':<28} {result.traffic:<9} "
                f"{'reached' if should else 'cut':<9} {observed}{'' if result.reached == should else '   <---- WRONG'}"
            )
        return "\n".join(lines)

    def _by_nodes(self, expected: Callable[[str, str], bool]) -> Callable[[Reach], bool]:
        return lambda result: expected(self.nodes[result.source], self.nodes[result.target])

    def to_facts(self) -> dict[str, Any]:
        """The matrix for results.json."""
        return {
            "nodes": self.nodes,
            "results": [
                {
                    "source": result.source,
                    "target": result.target,
                    "traffic": result.traffic,
                    "reached": result.reached,
                    "detail": result.detail,
                    "milliseconds": round(result.milliseconds, 1),
                }
                for result in self.results
            ],
        }

    def __str__(self) -> str:
        if self.is_full:
            return f"all {len(self.results)} exchanges between {len(self.nodes)} pods reached"
        return "; ".join(map(str, self.broken)) or "no pod was asked"


def everybody(
    pods: Sequence[Pod], *, traffic: Sequence[Traffic] = ALL_TRAFFIC, timeout: float = 2.0
) -> PodMatrix:
    """Let every pod reach every other, both ways.

    Args:
        pods: who asks and is asked.
        traffic: how.
        timeout: seconds until a pod counts as not reached.
    """

    def one(source: Pod) -> tuple[Reach, ...]:
        return source.reach([pod for pod in pods if pod is not source], traffic=traffic, timeout=timeout)

    with ThreadPoolExecutor(max_workers=ASKING_AT_ONCE) as pool:
        answers = list(pool.map(one, pods))
    return PodMatrix(
        nodes={pod.name: pod.node for pod in pods},
        results=tuple(result for answer in answers for result in answer),
    )
