"""The one way to wait.

A probe returns a typed state; the wait is over when `until` holds for it, `consecutive` times running. What is said
when time runs out is the diagnosis: the last state, how it changed, how often it was asked, and whether it came true
soon after (the time-out was too short) or not at all.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

State = TypeVar("State")

#: Seconds between two polls. BIRD answers in under a millisecond; a session is to be seen within 100 ms of its start.
POLL_INTERVAL = 0.02
#: After the time-out a wait goes on for this share of it, to tell "too late" from "never".
GRACE_SHARE = 0.75
#: Seconds: the grace is never longer than this.
GRACE_LIMIT = 15.0
#: How many different states a time-out names.
STATES_NAMED = 6


@dataclass(frozen=True)
class Change(Generic[State]):
    """A state that differed from the one before it. `after` is in seconds since the wait began."""

    after: float
    state: State


class WaitTimeout(AssertionError):
    """What was waited for did not come true in time.

    An AssertionError: in a suite it means "does not conform". The lab's own waits turn it into a LabError.
    """

    def __init__(self, message: str, *, came_true_late: float | None) -> None:
        super().__init__(message)
        #: Seconds after the time-out at which it came true after all; None when it never did.
        self.came_true_late = came_true_late


class WaitAborted(AssertionError):
    """What was waited for cannot come true any more: `fail_early` held."""


def wait_for(
    probe: Callable[[], State],
    *,
    until: Callable[[State], bool],
    timeout: float,
    consecutive: int = 1,
    fail_early: Callable[[State], bool] | None = None,
    interval: float = POLL_INTERVAL,
) -> State:
    """Poll `probe` until `until` holds for what it returns, and return that state.

    Args:
        probe: asks for the state; what it raises is not caught: an error of the transport is not a state.
        until: whether a state is the one waited for.
        timeout: seconds; the probe is asked at least once.
        consecutive: how many polls running `until` must hold.
        fail_early: whether a state makes any further waiting pointless.
        interval: seconds between two polls.

    Raises:
        WaitTimeout: it did not come true in time.
        WaitAborted: `fail_early` held.
    """
    watch = _Watch(probe, until=until, consecutive=consecutive, fail_early=fail_early, interval=interval)
    if watch.poll(until_after=timeout):
        return watch.last
    polls, last, changes = watch.polls, watch.last, tuple(watch.changes)
    came_true = watch.poll(until_after=timeout + min(timeout * GRACE_SHARE, GRACE_LIMIT))
    late = watch.elapsed - timeout if came_true else None
    raise WaitTimeout(
        _diagnosis(last, changes=changes, polls=polls, timeout=timeout, late=late, watched=watch.elapsed),
        came_true_late=late,
    )


class _Watch(Generic[State]):
    """One wait: polls until a deadline and remembers what changed."""

    last: State

    def __init__(
        self,
        probe: Callable[[], State],
        *,
        until: Callable[[State], bool],
        consecutive: int,
        fail_early: Callable[[State], bool] | None,
        interval: float,
    ) -> None:
        self._probe, self._until, self._fail_early = probe, until, fail_early
        self._consecutive, self._interval = consecutive, interval
        self._started = time.monotonic()
        self._held = 0
        self.polls = 0
        self.changes: list[Change[State]] = []

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def poll(self, *, until_after: float) -> bool:
        """Poll until it came true (True) or `until_after` seconds have passed since the wait began (False)."""
        while True:
            self.last = self._probe()
            self.polls += 1
            if not self.changes or self.changes[-1].state != self.last:
                self.changes.append(Change(self.elapsed, self.last))
            self._held = self._held + 1 if self._until(self.last) else 0
            if self._held >= self._consecutive:
                return True
            if self._fail_early is not None and self._fail_early(self.last):
                raise WaitAborted(
                    f"gave up after {self.elapsed:.1f} s, as it cannot come true any more: {self.last}"
                )
            if self.elapsed + self._interval > until_after:
                return False
            time.sleep(self._interval)


def _diagnosis(
    last: object,
    *,
    changes: tuple[Change[State], ...],
    polls: int,
    timeout: float,
    late: float | None,
    watched: float,
) -> str:
    ending = (
        f"it came true {late:.1f} s too late: the time-out is too short, or the cluster too slow"
        if late is not None
        else f"it did not come true within {watched:.1f} s either"
    )
    lines = [f"not true after {timeout:g} s and {polls} polls; {ending}", f"last state: {last}"]
    if len(changes) > 1:
        lines.append(f"it changed {len(changes) - 1} times:")
        if len(changes) > STATES_NAMED:
            lines.append(f"  ... ({len(changes) - STATES_NAMED} earlier ones left out)")
        lines += [f"  after {change.after:6.2f} s: {change.state}" for change in changes[-STATES_NAMED:]]
    else:
        lines.append("it never changed")
    return "\n".join(lines)
