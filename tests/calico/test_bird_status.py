"""What a BIRD says of itself, and what its times mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.calico import bird_status
from calicolab.calico.bird_errors import BirdProtocolError
from calicolab.calico.bird_status import BirdStatus, Recovery
from calicolab.calico.bird_time import Clock, Moment
from tests.calico.recordings import NEPAL, raw, recorded_at, replies

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def status(scene: str) -> BirdStatus:
    """The status of a recording."""
    return bird_status.parse(replies(raw(scene))[0], ours=recorded_at(scene))


def test_a_bird_that_runs() -> None:
    found = status("established")
    assert found.version == "1.6.8"
    assert found.router_id == "192.168.21.12"
    assert found.server_time == recorded_at("established")
    assert (
        found.last_reboot == found.last_reconfiguration == recorded_at("established") - timedelta(seconds=2)
    )
    assert found.recovery is None
    assert found.state == "Daemon is up and running"


def test_a_graceful_restart_under_way() -> None:
    assert status("waiting").recovery == Recovery(waiting_for=2, seconds_left=238, seconds=240)


def test_its_time_zone_is_found() -> None:
    found = status("nepal")
    assert found.server_time.utcoffset() == NEPAL
    assert found.server_time == recorded_at("nepal")


def test_something_else_is_refused() -> None:
    (_, protocols) = replies(raw("established"))
    with pytest.raises(BirdProtocolError, match="Current server time is"):
        bird_status.parse(protocols)


@given(st.integers(-12 * 4, 14 * 4), st.floats(-60, 60))
def test_every_time_zone_is_found_with_clocks_that_do_not_agree(quarters: int, apart: float) -> None:
    zone = timedelta(minutes=15) * quarters
    shown = (NOON + zone + timedelta(seconds=apart)).strftime("%Y-%m-%d %H:%M:%S")
    assert Clock.read(shown, ours=NOON).now.utcoffset() == zone


@pytest.mark.parametrize("text", ["", "noon", "11:48:10", "2026-11-23 11:48:10+02:00", "2036-11-23 11:48:10"])
def test_a_server_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BirdProtocolError, match=r"server time"):
        Clock.read(text, ours=NOON)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("11:59:59", Moment(NOON - timedelta(seconds=1), 1)),
        ("12:00:01", Moment(NOON + timedelta(seconds=1), 1)),  # its two clocks tick apart
        ("12:05:00", Moment(NOON - timedelta(days=1) + timedelta(minutes=5), 1)),
        ("2026-11-20", Moment(NOON.replace(day=20, hour=0), 86400)),
        ("2026-11-20 13:00:00", Moment(NOON.replace(day=20, hour=13), 1)),
    ],
)
def test_moments(text: str, moment: Moment) -> None:
    assert Clock(NOON).moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "12", "25:00:00", "2026-13-01", "0001-01-01x", "1795435013", "\uff11\uff12:00:00"]
)
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BirdProtocolError, match="timeformat"):
        Clock(NOON).moment(text)


@given(
    st.integers(0, 365 * 86400).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    st.integers(0, 20 * 3600 - 61),
)
def test_a_time_of_the_day_is_the_last_one_before_now(now: datetime, ago: int) -> None:
    happened = now - timedelta(seconds=ago)
    assert Clock(now).moment(f"{happened:%H:%M:%S}").at == happened
