"""Sessions as real BIRDs told them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.calico import bird_sessions, bird_status
from calicolab.calico.bird_errors import BirdProtocolError
from calicolab.calico.bird_log import BirdLog
from calicolab.calico.bird_time import Clock
from tests.calico.recordings import NEPAL, raw, recorded_at, replies

if TYPE_CHECKING:
    from pathlib import Path

    from calicolab.calico.facts import Session

TODAY = datetime(2026, 11, 23, tzinfo=UTC)


def sessions(scene: str, *, log: BirdLog | None = None) -> dict[str, Session]:
    """The sessions of a recording, by the protocol's name."""
    status, protocols = replies(raw(scene))
    clock = bird_status.parse(status, ours=recorded_at(scene)).clock
    return {session.name: session for session in bird_sessions.parse(protocols, clock=clock, log=log)}


def at(text: str) -> datetime:
    """A time of the day of the recordings."""
    hours, minutes, seconds = text.split(":")
    return TODAY + timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


def test_an_established_session() -> None:
    found = sessions("established")
    assert list(found) == ["Mesh_192_168_21_11", "Mesh_192_168_21_13"]
    session = found["Mesh_192_168_21_11"]
    assert session.established
    assert session.peer == "192.168.21.11"
    assert session.kind == "node-to-node mesh"
    assert (session.state, session.bgp_state, session.info) == ("up", "Established", "Established")
    assert session.since == at("12:08:43")
    assert session.since_precision == 1
    assert session.last_error == ""
    assert (session.imported, session.exported, session.preferred) == (1, 1, 1)
    assert session.graceful_restart
    assert not session.peer_restarting
    assert str(session) == "192.168.21.11 | node-to-node mesh | up | Established"


def test_the_incident_from_a_healthy_node() -> None:
    session = sessions("incident")["Mesh_172_18_0_1"]
    assert not session.established
    assert str(session) == "172.18.0.1 | node-to-node mesh | start | Active Socket: Connection refused"
    assert (session.peer, session.bgp_state, session.last_error) == (
        "172.18.0.1",
        "Active",
        "Socket: Connection refused",
    )
    assert not session.graceful_restart
    assert session.since == at("12:08:44"), "trying again does not count as a change"


@pytest.mark.parametrize(
    ("name", "peer", "kind", "state", "info"),
    [
        ("Mesh_192_168_21_99", "192.168.21.99", "node-to-node mesh", "start", "Connect"),
        ("Global_192_168_21_2_port_1790", "192.168.21.2", "global", "start", "Passive"),
        ("Node_192_168_21_3", "192.168.21.3", "node specific", "down", ""),
        ("Local_Workload_10_244_13_9", "10.244.13.9", "local workload", "start", "Passive"),
        ("uplink", "192.168.21.4", "other", "start", "Passive"),
    ],
)
def test_peers_of_every_kind(name: str, peer: str, kind: str, state: str, info: str) -> None:
    session = sessions("incident")[name]
    assert (session.peer, session.kind, session.state, session.info) == (peer, kind, state, info)
    assert not session.established


@pytest.mark.parametrize(
    ("scene", "error"),
    [("bad-peer-as", "BGP Error: Bad peer AS"), ("bad-peer-as-received", "Received: Bad peer AS")],
)
def test_as_numbers_that_do_not_fit(scene: str, error: str) -> None:
    (session,) = sessions(scene).values()
    assert (session.state, session.bgp_state, session.last_error) == ("start", "Idle", error)
    assert session.info == f"Idle {error}"


def test_a_taken_port() -> None:
    """BIRD counts no routes of a protocol that is down."""
    (session,) = sessions("port-taken").values()
    assert (session.state, session.bgp_state) == ("down", "Down")
    assert session.info == session.last_error == "Error: No listening socket"
    assert (session.imported, session.exported, session.preferred) == (None, None, None)


def test_no_peers() -> None:
    assert sessions("no-peers") == {}


def test_a_peer_that_restarts_leaves_its_routes() -> None:
    session = sessions("peer-restarting")["Mesh_192_168_21_13"]
    assert session.peer_restarting
    assert not session.established
    assert (session.state, session.info) == ("start", "Passive Socket: Connection closed")
    assert (session.imported, session.exported, session.preferred) == (1, 0, 1)
    assert not sessions("peer-restarting")["Mesh_192_168_21_11"].peer_restarting


def test_a_bird_that_waits_is_not_up_yet() -> None:
    """Its session is Established, but it neither takes nor gives routes before the wait is over."""
    session = sessions("waiting")["Mesh_192_168_21_12"]
    assert (session.state, session.bgp_state) == ("wait", "Established")
    assert not session.established


def test_another_time_zone() -> None:
    for session in sessions("nepal").values():
        assert session.since == at("17:53:50") - NEPAL
        assert session.since.utcoffset() == timedelta(0)


def test_a_date_is_known_to_the_day() -> None:
    for session in sessions("dates-in-nepal").values():
        assert session.since == TODAY - NEPAL
        assert session.since_precision == 86400
        assert session.established


def test_the_log_tells_the_millisecond(tmp_path: Path) -> None:
    path = tmp_path / "current"
    path.write_text(
        "2026-11-23T12:08:41.10000 bird: Mesh_192_168_21_11: State changed to start\n"
        "2026-11-23T12:08:43.50021 bird: Mesh_192_168_21_11: State changed to feed\n"
        "2026-11-23T12:08:43.50034 bird: Mesh_192_168_21_11: State changed to up\n"
    )
    with BirdLog(path) as log:
        found = sessions("established", log=log)
    refined, other = found["Mesh_192_168_21_11"], found["Mesh_192_168_21_13"]
    assert (refined.since, refined.since_precision) == (at("12:08:43.50021"), 0.001)
    assert other.since_precision == 1, "the log says nothing of it"


@pytest.mark.parametrize(
    "row",
    [
        "Mesh_192_168_21_11 BGP      master   up     1795435013.%f  Established",
        "Mesh_192_168_21_11 BGP      master   up     12:61:00  Established",
        "Mesh_192_168_21_11",
    ],
)
def test_a_row_with_other_times_is_refused(row: str) -> None:
    (reply,) = replies(f"0001 ready\n1002-{row}\n0000 \n".encode())
    with pytest.raises(BirdProtocolError, match="timeformat"):
        bird_sessions.parse(reply, clock=Clock(TODAY))


def test_a_date_with_its_time_is_read() -> None:
    """`timeformat protocol iso long`."""
    (reply,) = replies(
        b"0001 ready\n1002-a BGP      master   up     2026-11-20 17:41:50  Established   \n0000 \n"
    )
    (session,) = bird_sessions.parse(reply, clock=Clock(TODAY))
    assert session.since == TODAY - timedelta(days=3) + timedelta(hours=17, minutes=41, seconds=50)
    assert session.since_precision == 1


def test_a_session_without_details_has_the_address_of_its_name() -> None:
    (reply,) = replies(b"0001 ready\n1002-Mesh_192_168_21_11 BGP master start 00:00:00 Passive\n0000 \n")
    (session,) = bird_sessions.parse(reply, clock=Clock(TODAY))
    assert (session.peer, session.bgp_state) == ("192.168.21.11", "")


def test_since_does_not_jump_between_two_seconds() -> None:
    steady = bird_sessions.SteadySince()
    (session,) = sessions("bad-peer-as").values()
    later = replace(session, since=session.since + timedelta(seconds=1))
    assert steady([session]) == (session,)
    assert steady([later]) == (session,)
    assert steady([session]) == (session,)


def test_a_real_change_is_not_held_back() -> None:
    steady = bird_sessions.SteadySince()
    (session,) = sessions("bad-peer-as").values()
    steady([session])
    for changed in (
        replace(session, since=session.since + timedelta(seconds=2)),
        replace(session, since=session.since + timedelta(seconds=3), state="up"),
        replace(session, since=session.since + timedelta(seconds=2.5), state="up", since_precision=0.001),
    ):
        assert steady([changed]) == (changed,)


@given(st.text(max_size=80), st.lists(st.text(max_size=40), max_size=5))
def test_hostile_rows_raise_nothing_but_a_protocol_error(row: str, details: list[str]) -> None:
    lines = [f"1002-{row}", *(f"1006-{text}" for text in details), "0000 "]
    reply_bytes = "".join(f"{' '.join(line.splitlines())}\n" for line in lines).encode(errors="replace")
    for reply in replies(b"0001 ready\n" + reply_bytes):
        try:
            bird_sessions.parse(reply, clock=Clock(TODAY))
        except BirdProtocolError:
            return


@given(
    st.from_regex(
        r"\A\S{1,9} BGP t (up|start) [0-9]{1,4}[-:][0-9]{2}[-:][0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})? \S*\Z"
    )
)
def test_rows_with_odd_times_raise_nothing_but_a_protocol_error(row: str) -> None:
    (reply,) = replies(f"0001 ready\n1002-{row}\n0000 \n".encode(errors="replace"))
    try:
        (session,) = bird_sessions.parse(reply, clock=Clock(TODAY))
    except BirdProtocolError:
        return
    assert session.since.tzinfo is not None
