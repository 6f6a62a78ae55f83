"""How long sessions were down, as BIRD's log tells it. The lines are those of a lab."""

from __future__ import annotations

from datetime import UTC, datetime

from calicolab.calico.session_gaps import SessionDown, session_gaps

LOG = """\
2026-11-23T18:03:15.13245 bird: Mesh_192_168_41_12: Initializing
2026-11-23T18:03:15.13245 bird: Mesh_192_168_41_13: Initializing
2026-11-23T18:03:15.13245 bird: Mesh_192_168_41_12: State changed to start
2026-11-23T18:03:16.01586 bird: Mesh_192_168_41_12: State changed to wait
2026-11-23T18:03:16.06660 bird: Mesh_192_168_41_12: State changed to feed
2026-11-23T18:03:16.10714 bird: Mesh_192_168_41_12: State changed to up
2026-11-23T18:03:16.10714 bird: Mesh_192_168_41_13: State changed to up
2026-11-23T18:03:16.50000 bird: device1: State changed to up
2026-11-23T18:03:20.00000 bird: Mesh_192_168_41_12: State changed to start
2026-11-23T18:03:25.50000 bird: Mesh_192_168_41_12: State changed to feed
2026-11-23T18:03:25.60000 bird: Mesh_192_168_41_12: State changed to up
2026-11-23T18:03:25.70000 bird: Mesh_192_168_41_12: State changed to feed
2026-11-23T18:03:25.70020 bird: Mesh_192_168_41_12: State changed to up
"""
PEERS = {"192.168.41.12": "node02", "192.168.41.13": "node03"}


def at(second: float) -> datetime:
    return datetime(2026, 11, 23, 18, 3, int(second), round(second % 1 * 1_000_000), tzinfo=UTC)


def test_a_gap_lasts_from_leaving_up_to_being_up_again() -> None:
    (gap,) = session_gaps(LOG, peers=PEERS, since=at(18))
    assert gap == SessionDown("node02", at(20), at(25.6))
    assert gap.milliseconds(at(40)) == 5600


def test_a_first_start_and_a_second_feed_are_no_gaps() -> None:
    assert [gap.peer for gap in session_gaps(LOG, peers=PEERS, since=at(15))] == ["node02"]


def test_a_gap_that_ended_before_is_left_out() -> None:
    assert session_gaps(LOG, peers=PEERS, since=at(30)) == ()


def test_a_killed_bird_says_nothing_and_all_its_sessions_are_down() -> None:
    log = f"{LOG}2026-11-23T18:03:50.00000 bird: Mesh_192_168_41_12: State changed to up\n"
    gaps = session_gaps(log, peers=PEERS, since=at(30), killed=[at(40)])
    assert set(gaps) == {SessionDown("node02", at(40), at(50)), SessionDown("node03", at(40), None)}
    assert next(gap for gap in gaps if gap.peer == "node03").milliseconds(at(55)) == 15000


def test_sessions_with_strangers_are_left_out() -> None:
    log = (
        "2026-11-23T18:03:16.1 bird: Mesh_172_18_0_1: State changed to up\n"
        "2026-11-23T18:03:17.1 bird: Mesh_172_18_0_1: State changed to start\n"
    )
    assert session_gaps(log, peers=PEERS, since=at(15)) == ()


def test_no_log_tells_of_no_gap() -> None:
    assert session_gaps("", peers=PEERS, since=at(15), killed=[at(16)]) == ()
