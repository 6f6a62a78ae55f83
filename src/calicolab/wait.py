"""The one way to wait.

A probe returns a typed state; the wait is over when `until` holds for it, `consecutive` times running. What is
said when time runs out is the diagnosis: the last state, how it changed, how often it was asked, and whether it
came true soon after (the time-out was too short) or not at all.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

State = TypeVar("State")

#: Seconds between two polls. BIRD answers in under a millisecond; a session is to be seen within 100 ms.
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

    A poll that began by the time-out counts, however long the probe takes: the state was asked for in time.

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
        ValueError: a negative `timeout`, an `interval` that is not above 0, or `consecutive` below 1.
    """
    if timeout < 0 or interval <= 0 or consecutive < 1:
        raise ValueError(f"cannot wait with {timeout=}, {interval=}, {consecutive=}")
    watch = _Watch(probe, until=until, consecutive=consecutive, interval=interval)
    while not watch.poll():
        if fail_early is not None and fail_early(watch.last):
            raise WaitAborted(
                f"gave up after {watch.elapsed:.1f} s and {_times(watch.polls, 'poll')}, "
                f"as it cannot come true any more\n{watch.history()}"
            )
        if not watch.pause(deadline=timeout):
            raise _timed_out(watch, timeout=timeout, fail_early=fail_early)
    return watch.last


class _Watch(Generic[State]):
    """One wait: polls and remembers what changed."""

    last: State

    def __init__(
        self, probe: Callable[[], State], *, until: Callable[[State], bool], consecutive: int, interval: float
    ) -> None:
        self._probe, self._until = probe, until
        self._consecutive, self._interval = consecutive, interval
        self._started = time.monotonic()
        self.polls = 0
        #: How many polls running `until` has held.
        self.held = 0
        self._changes: list[Change[State]] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the wait began."""
        return time.monotonic() - self._started

    def poll(self) -> bool:
        """Ask once; whether `until` has now held often enough."""
        self.last = self._probe()
        self.polls += 1
        if not self._changes or self._changes[-1].state != self.last:
            self._changes.append(Change(self.elapsed, self.last))
        self.held = self.held + 1 if self._until(self.last) else 0
        return self.held >= self._consecutive

    def pause(self, *, deadline: float) -> bool:
        """Sleep until the next poll, the last of which is at `deadline`; False, without a sleep, past it."""
        left = deadline - self.elapsed
        if left <= 0:
            return False
        time.sleep(min(self._interval, left))
        return True

    def history(self) -> str:
        """The last state and the changes that led to it, a line each."""
        lines = [f"last state: {self.last}"]
        if len(self._changes) == 1:
            return "\n".join([*lines, "it never changed"])
        lines.append(f"it changed {_times(len(self._changes) - 1)}:")
        if len(self._changes) > STATES_NAMED:
            lines.append(f"  ... ({len(self._changes) - STATES_NAMED} earlier ones left out)")
        return "\n".join(
            lines
            + [f"  after {change.after:6.2f} s: {change.state}" for change in self._changes[-STATES_NAMED:]]
        )


def _timed_out(
    watch: _Watch[State], *, timeout: float, fail_early: Callable[[State], bool] | None
) -> WaitTimeout:
    """Go on polling through the grace, then say what is known."""
    polls, held, history = watch.polls, watch.held, watch.history()
    late = None
    try:
        late = _came_true_late(watch, timeout=timeout, fail_early=fail_early)
        ending = (
            f"it came true {late:.1f} s too late: the time-out is too short, or the cluster too slow"
            if late is not None
            else f"it did not come true within {watch.elapsed:.1f} s either"
        )
    except Exception as error:  # noqa: BLE001 - what breaks after the wait was lost must not hide that
        ending = f"asked further, the probe broke: {type(error).__name__}: {error}"
    asked = f"{_times(polls, 'poll')}" + (f", the last {held} of which held" if held else "")
    return WaitTimeout(f"not true after {timeout:g} s and {asked}; {ending}\n{history}", came_true_late=late)


def _came_true_late(
    watch: _Watch[State], *, timeout: float, fail_early: Callable[[State], bool] | None
) -> float | None:
    """Seconds after `timeout` at which it came true, or None if it did not within the grace."""
    deadline = timeout + min(timeout * GRACE_SHARE, GRACE_LIMIT)
    while watch.pause(deadline=deadline):
        if watch.poll():
            return watch.elapsed - timeout
        if fail_early is not None and fail_early(watch.last):
            return None
    return None


def _times(count: int, noun: str = "time") -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
