"""BIRD's log as svlogd keeps it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.calico.bird_log import BirdLog
from calicolab.calico.bird_time import Moment

NAME = "Mesh_192_168_21_12"
TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)


def line(seconds: float, text: str, *, name: str = NAME) -> str:
    """A line of the log, `seconds` after ten o'clock."""
    moment = TEN + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 10:05d} bird: {name}: {text}\n"


def told(log: BirdLog, state: str, seconds: float, *, precision: float = 1) -> float | None:
    """What the log makes of a `since`: seconds after ten o'clock; None when it knows nothing of it."""
    log.refresh()
    moment = log.refine(NAME, state=state, since=Moment(TEN + timedelta(seconds=seconds), precision))
    return (moment.at - TEN).total_seconds() if moment.precision == 0.001 else None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "current"


def test_a_session_that_comes_up_is_up_since_it_began_to_feed(path: Path) -> None:
    path.write_text(line(1, "State changed to start") + line(3.25, "State changed to feed"))
    with BirdLog(path) as log:
        assert told(log, "feed", 3) == 3.25
        with path.open("a") as file:
            file.write(line(3.5, "State changed to up"))
        assert told(log, "up", 3) == 3.25
        assert told(log, "up", 4) == 3.25, "BIRD's seconds may be one too many"


def test_a_log_that_lags_behind_tells_nothing(path: Path) -> None:
    path.write_text(line(1, "State changed to start"))
    with BirdLog(path) as log:
        assert told(log, "up", 3) is None
        assert told(log, "start", 30) is None, "that is a later start, which the log does not have yet"


def test_a_session_that_failed_starts_again(path: Path) -> None:
    states = ("up", "stop", "down", "start")
    path.write_text(
        "".join(line(5 + index / 100, f"State changed to {state}") for index, state in enumerate(states))
    )
    with BirdLog(path) as log:
        assert told(log, "start", 5) == 5.03


def test_a_bird_that_was_killed_and_is_back(path: Path) -> None:
    """Its log goes on: the protocol was up when it ended, and is down before it starts."""
    path.write_text(line(1, "State changed to up") + line(9, "Initializing"))
    with BirdLog(path) as log:
        assert told(log, "up", 1) is None
        assert told(log, "down", 9) == 9


def test_a_date_is_refined_too(path: Path) -> None:
    path.write_text(line(1.5, "State changed to up"))
    with BirdLog(path) as log:
        assert told(log, "up", -10 * 3600, precision=86400) == 1.5
        assert told(log, "up", -34 * 3600 - 10, precision=86400) is None


def test_other_lines_mean_nothing(path: Path) -> None:
    path.write_text(
        line(1, "State changed to start")
        + line(2, "State changed to up", name="Mesh_192_168_21_13")
        + "2026-11-23T10:00:02.00000 bird: Reconfigured\n"
        + "2026-99-99T10:00:02.00000 bird: Mesh_192_168_21_12: State changed to up\n"
        + "no time bird: Mesh_192_168_21_12: State changed to up\n"
    )
    with BirdLog(path) as log:
        assert told(log, "start", 1) == 1


def test_svlogd_with_two_t_has_an_underscore(path: Path) -> None:
    path.write_text(line(1, "State changed to start").replace("T10", "_10"))
    with BirdLog(path) as log:
        assert told(log, "start", 1) == 1


def test_no_log_is_an_empty_log(path: Path) -> None:
    with BirdLog(path) as log:
        assert told(log, "start", 1) is None
        path.write_text(line(1, "State changed to start"))
        assert told(log, "start", 1) == 1


def test_rotation_loses_nothing(path: Path) -> None:
    """svlogd renames the current file and begins another."""
    path.write_text(line(1, "State changed to start"))
    with BirdLog(path) as log:
        assert told(log, "start", 1) == 1
        with path.open("a") as file:
            file.write(line(2, "State changed to up"))
        path.rename(path.with_name("@40000000.s"))
        path.write_text(line(3, "State changed to up", name="other"))
        assert told(log, "up", 2) == 2


def test_a_log_that_was_emptied_is_read_anew(path: Path) -> None:
    path.write_text(line(1, "State changed to start") * 3)
    with BirdLog(path) as log:
        assert told(log, "start", 1) == 1
        path.write_text(line(7, "State changed to up"))
        assert told(log, "up", 7) == 7


@given(cuts=st.lists(st.integers(0, 300), max_size=6))
def test_a_line_may_come_in_pieces(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.mktemp("log") / "current"
    text = (
        line(1, "State changed to start")
        + line(2, "State changed to feed")
        + line(2.5, "State changed to up")
    )
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    with BirdLog(path) as log:
        for begin, end in itertools.pairwise(places):
            with path.open("a") as file:
                file.write(text[begin:end])
            log.refresh()
        assert told(log, "up", 2) == 2


@given(st.binary(max_size=400))
def test_a_hostile_log_tells_nothing(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("log") / "current"
    path.write_bytes(data)
    with BirdLog(path) as log:
        assert told(log, "up", 1) is None
