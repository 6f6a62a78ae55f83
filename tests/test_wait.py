"""The one way to wait, on a clock of its own: no test here sleeps."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab import wait
from calicolab.wait import GRACE_LIMIT, STATES_NAMED, WaitAborted, WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Clock:
    """Stands in for the time module: sleeping moves it on, and nothing else does."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        # A real clock moves however short the sleep; a sum of floats need not.
        self.now = max(self.now + seconds, math.nextafter(self.now, math.inf))

    def since_start(self) -> float:
        return self.now - 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(wait, "time", clock)
    return clock


def true_from(clock: Clock, seconds: float) -> Callable[[], str]:
    """A probe whose state turns from "start" to "up" at `seconds`."""
    return lambda: "up" if clock.since_start() >= seconds else "start"


def is_up(state: str) -> bool:
    return state == "up"


def each_of(states: list[str]) -> Callable[[], str]:
    """A probe that returns each of `states` in turn, then the last one for ever."""
    left: Iterator[str] = iter(states)
    return lambda: next(left, states[-1])


def test_a_state_that_is_true_at_once_costs_no_sleep(clock: Clock) -> None:
    assert wait_for(lambda: "up", until=is_up, timeout=5) == "up"
    assert clock.slept == []


def test_the_state_that_was_waited_for_is_returned(clock: Clock) -> None:
    assert wait_for(true_from(clock, 3), until=is_up, timeout=5) == "up"
    assert 3 <= clock.since_start() < 3 + 2 * wait.POLL_INTERVAL


def test_the_last_poll_is_at_the_time_out_itself(clock: Clock) -> None:
    assert wait_for(true_from(clock, 5), until=is_up, timeout=5, interval=0.3) == "up"


def test_a_poll_that_began_in_time_counts_however_long_it_took(clock: Clock) -> None:
    def slow() -> str:
        clock.now += 60
        return "up"

    assert wait_for(slow, until=is_up, timeout=1) == "up"


def test_no_time_still_means_one_look(clock: Clock) -> None:
    assert wait_for(lambda: "up", until=is_up, timeout=0) == "up"
    with pytest.raises(
        WaitTimeout, match=r"not true after 0 s and 1 poll; it did not come true within 0\.0 s either"
    ):
        wait_for(lambda: "start", until=is_up, timeout=0)


def test_too_late_is_told_from_never(clock: Clock) -> None:
    with pytest.raises(WaitTimeout, match=r"it came true 4\.0 s too late: the time-out is too short") as late:
        wait_for(true_from(clock, 14), until=is_up, timeout=10)
    assert late.value.came_true_late == pytest.approx(4, abs=2 * wait.POLL_INTERVAL)
    assert "last state: start" in str(late.value), "what is shown is the state at the time-out"


def test_never_is_told_from_too_late(clock: Clock) -> None:
    with pytest.raises(WaitTimeout, match=r"it did not come true within 17\.5 s either") as never:
        wait_for(lambda: "start", until=is_up, timeout=10)
    assert never.value.came_true_late is None
    assert "it never changed" in str(never.value)


def test_the_grace_is_bounded(clock: Clock) -> None:
    with pytest.raises(WaitTimeout):
        wait_for(lambda: "start", until=is_up, timeout=600, interval=1)
    assert clock.since_start() == pytest.approx(600 + GRACE_LIMIT)


def test_polls_are_counted_up_to_the_time_out_only(clock: Clock) -> None:
    with pytest.raises(WaitTimeout, match="not true after 10 s and 11 polls"):
        wait_for(lambda: "start", until=is_up, timeout=10, interval=1)


def test_it_must_hold_several_times_running(clock: Clock) -> None:
    asked = each_of(["up", "up", "start", "up", "up", "up", "last"])
    assert wait_for(asked, until=is_up, timeout=5, consecutive=3) == "up"
    assert asked() == "last", "three in a row, and not one more"


def test_a_state_that_flaps_is_never_true(clock: Clock) -> None:
    flapping = iter(["up", "start"] * 1000)
    with pytest.raises(WaitTimeout, match="it did not come true") as timeout:
        wait_for(lambda: next(flapping), until=is_up, timeout=5, consecutive=2)
    assert "earlier ones left out" in str(timeout.value)


def test_what_held_at_the_end_but_not_often_enough_is_said(clock: Clock) -> None:
    with pytest.raises(
        WaitTimeout, match=r"12 polls, the last 2 of which held; it came true 1\.0 s too late"
    ):
        wait_for(true_from(clock, 10), until=is_up, timeout=11, consecutive=3, interval=1)


def test_changes_are_named_with_their_times(clock: Clock) -> None:
    with pytest.raises(WaitTimeout) as timeout:
        wait_for(each_of(["idle", "idle", "connect", "start"]), until=is_up, timeout=10, interval=1)
    assert str(timeout.value).splitlines()[1:] == [
        "last state: start",
        "it changed 2 times:",
        "  after   0.00 s: idle",
        "  after   2.00 s: connect",
        "  after   3.00 s: start",
    ]


def test_only_the_last_changes_are_named(clock: Clock) -> None:
    with pytest.raises(WaitTimeout) as timeout:
        wait_for(each_of([str(n) for n in range(20)]), until=is_up, timeout=30, interval=1)
    lines = str(timeout.value).splitlines()
    assert lines[3] == f"  ... ({20 - STATES_NAMED} earlier ones left out)"
    assert [line.split()[-1] for line in lines[4:]] == [str(n) for n in range(20 - STATES_NAMED, 20)]


def test_a_state_that_ends_all_hope_ends_the_wait(clock: Clock) -> None:
    with pytest.raises(WaitAborted, match=r"gave up after 2\.0 s and 3 polls") as aborted:
        wait_for(
            each_of(["start", "start", "gone"]),
            until=is_up,
            timeout=60,
            fail_early=lambda state: state == "gone",
            interval=1,
        )
    assert "last state: gone" in str(aborted.value)


def test_what_was_waited_for_wins_over_giving_up(clock: Clock) -> None:
    assert wait_for(lambda: "up", until=is_up, timeout=1, fail_early=is_up) == "up"


def test_after_the_time_out_giving_up_only_ends_the_grace(clock: Clock) -> None:
    def probe() -> str:
        return "gone" if clock.since_start() > 11 else "start"

    with pytest.raises(WaitTimeout, match="it did not come true"):
        wait_for(probe, until=is_up, timeout=10, fail_early=lambda state: state == "gone", interval=1)
    assert clock.since_start() == pytest.approx(12)


def test_an_error_of_the_probe_is_not_a_state(clock: Clock) -> None:
    def broken() -> str:
        raise ConnectionError("no control socket")

    with pytest.raises(ConnectionError, match="no control socket"):
        wait_for(broken, until=is_up, timeout=10)


def test_an_error_after_the_time_out_does_not_hide_it(clock: Clock) -> None:
    def probe() -> str:
        if clock.since_start() > 10:
            raise ConnectionError("no control socket")
        return "start"

    with pytest.raises(
        WaitTimeout, match="asked further, the probe broke: ConnectionError: no control socket"
    ):
        wait_for(probe, until=is_up, timeout=10)


@pytest.mark.parametrize(("timeout", "interval", "consecutive"), [(-1, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_wait_that_makes_no_sense_is_refused(timeout: float, interval: float, consecutive: int) -> None:
    with pytest.raises(ValueError, match="cannot wait with"):
        wait_for(lambda: "up", until=is_up, timeout=timeout, interval=interval, consecutive=consecutive)


def test_the_real_clock_is_the_monotonic_one() -> None:
    started = time.monotonic()
    assert wait_for(time.monotonic, until=lambda now: now >= started + 0.05, timeout=5) < started + 1


@given(
    true_at=st.floats(0, 100),
    timeout=st.floats(0, 60),
    interval=st.floats(0.25, 5),
    consecutive=st.integers(1, 4),
)
def test_in_time_late_and_never_for_any_moment(
    true_at: float, timeout: float, interval: float, consecutive: int
) -> None:
    """Whenever it comes true, the verdict is the one that the moment gives, to within the polls it takes."""
    clock = Clock()
    needed = true_at + interval * consecutive
    grace = min(timeout * wait.GRACE_SHARE, GRACE_LIMIT)
    lost: WaitTimeout | None = None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wait, "time", clock)
        try:
            wait_for(
                true_from(clock, true_at),
                until=is_up,
                timeout=timeout,
                interval=interval,
                consecutive=consecutive,
            )
        except WaitTimeout as error:
            lost = error
    if lost is None:
        assert true_at <= clock.since_start() <= min(timeout, needed) + 1e-6
    elif lost.came_true_late is None:
        assert needed > timeout + grace
        assert clock.since_start() == pytest.approx(timeout + grace)
    else:
        assert needed > timeout
        assert 0 < lost.came_true_late <= grace + 1e-6
