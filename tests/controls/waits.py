"""The waits of a check: cut short when it is sabotaged, timed when it runs for real, and compared."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calicolab import wait

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Wait:
    """One wait of a check. `on_evidence`: given up not by the clock alone."""

    seconds: float
    polls: int
    given_up: bool
    on_evidence: bool = False


@dataclass
class Waits:
    """The waits of one run of a check, in their order."""

    made: list[Wait] = field(default_factory=list)

    def impatient(
        self, patience: float, *, ripe: Callable[[], Callable[[], bool] | None]
    ) -> Callable[..., Any]:
        """What a sabotaged check has for `wait_for`: it gives up after `patience` seconds.

        Args:
            patience: seconds.
            ripe: gives the evidence that the wait was long enough, if there is any to ask for: without that evidence
                it goes on, up to the check's own time-out.
        """

        def wait_for(probe: Any, *, until: Any, timeout: float, **options: Any) -> Any:
            started = time.monotonic()
            evidence = False

            def pointless(state: Any) -> bool:
                nonlocal evidence
                if time.monotonic() - started < patience or until(state):
                    return False
                ask = ripe()
                if ask is None or evidence:
                    return True
                evidence = ask()  # what came with it is seen by the next poll
                return False

            return self._note(
                probe,
                lambda counted: wait.wait_for(
                    counted, until=until, timeout=timeout, fail_early=pointless, **options
                ),
                on_evidence=lambda: evidence,
            )

        return wait_for

    def timed(self) -> Callable[..., Any]:
        """What a check has for `wait_for` when it runs for real."""
        return lambda probe, **options: self._note(
            probe, lambda counted: wait.wait_for(counted, **options), on_evidence=lambda: False
        )

    def unfair_to(self, real: Waits) -> tuple[Wait, Wait] | None:
        """The wait that was given up and the same one for real, if the latter took longer and had to ask more often.

        A slow probe may take longer for no other reason than a busy machine; then the number of polls counts.
        """
        if not self.made or not self.made[-1].given_up or self.made[-1].on_evidence:
            return None
        given, same = self.made[-1], real.made[len(self.made) - 1 : len(self.made)]
        unfair = bool(same) and same[0].seconds >= given.seconds and same[0].polls > given.polls
        return (given, same[0]) if unfair else None

    def _note(self, probe: Any, waiting: Callable[[Any], Any], *, on_evidence: Callable[[], bool]) -> Any:
        started = time.monotonic()
        given_up = True
        polls = 0

        def counted() -> Any:
            nonlocal polls
            polls += 1
            return probe()

        try:
            state = waiting(counted)
            given_up = False
        finally:
            self.made.append(Wait(time.monotonic() - started, polls, given_up, on_evidence()))
        return state
