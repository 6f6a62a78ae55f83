"""The client against sockets that do all that a BIRD may do to it."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calicolab.calico.bird_client import (
    BirdClient,
    BirdClosed,
    BirdCommandError,
    BirdError,
    BirdHung,
    BirdMissing,
    BirdProtocolError,
    BirdRefused,
    BirdUnreachable,
)
from calicolab.errors import LabError
from tests.calico.recordings import SESSION_SCENES, Speaker, as_of_today, raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WELCOME = b"0001 BIRD 1.6.8 ready.\n"
ESTABLISHED = as_of_today(raw("established")).removeprefix(WELCOME)
#: A sitting of the client: `show status` and `show protocols all`.
ASKED = b"show status\nshow protocols all\n"
#: Short, so that a client that hangs is seen soon; far longer than any answer takes.
TIMEOUT = 0.3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bird.ctl"


def hear(connection: socket.socket, wanted: bytes = ASKED) -> None:
    """Take a question."""
    heard = b""
    while len(heard) < len(wanted):
        data = connection.recv(4096)
        if not data:
            raise ConnectionResetError
        heard += data
    assert heard == wanted


def stay(connection: socket.socket) -> None:
    """Keep the connection until the client closes it."""
    while connection.recv(4096):
        pass


def test_it_reads_the_sessions(path: Path) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(WELCOME)
        hear(connection)
        connection.sendall(ESTABLISHED)
        stay(connection)

    with Speaker(path, talk), BirdClient(path) as client:
        assert [session.peer for session in client.sessions()] == ["192.168.21.11", "192.168.21.13"]


def test_the_connection_is_kept(path: Path) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(WELCOME)
        while True:
            hear(connection)
            connection.sendall(ESTABLISHED)

    with Speaker(path, talk) as speaker, BirdClient(path) as client:
        first = client.sessions()
        assert [client.sessions() for _ in range(5)] == [first] * 5
        assert speaker.connections == 1


def test_a_bird_that_was_restarted_is_asked_anew(path: Path) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(WELCOME)
        hear(connection)
        connection.sendall(ESTABLISHED)

    with Speaker(path, talk) as speaker, BirdClient(path) as client:
        first = client.sessions()
        assert client.sessions() == first
        assert speaker.connections == 2


def test_a_bird_that_ended_in_between_is_missing(path: Path) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(WELCOME)
        hear(connection)
        connection.sendall(ESTABLISHED)

    with BirdClient(path) as client:
        with Speaker(path, talk):
            assert client.sessions()
        with pytest.raises(BirdRefused, match="nobody listens"):
            client.sessions()
        path.unlink()
        with pytest.raises(BirdMissing, match="no control socket"):
            client.sessions()


def test_no_socket(path: Path) -> None:
    with BirdClient(path) as client, pytest.raises(BirdMissing) as caught:
        client.sessions()
    assert str(caught.value) == f"{path}: there is no control socket; BIRD is not running there"
    assert isinstance(caught.value, LabError)


def test_a_file_instead_of_a_socket(path: Path) -> None:
    path.write_text("")
    with BirdClient(path) as client, pytest.raises(BirdRefused):
        client.sessions()


def test_a_folder_that_is_a_file(path: Path) -> None:
    path.write_text("")
    with BirdClient(path / "bird.ctl") as client, pytest.raises(BirdMissing):
        client.sessions()


def silent(connection: socket.socket, _: int) -> None:
    """Not even a welcome."""
    stay(connection)


def deaf(connection: socket.socket, _: int) -> None:
    """A welcome and no answer."""
    connection.sendall(WELCOME)
    stay(connection)


def half(connection: socket.socket, _: int) -> None:
    """One reply of two, and half of the other."""
    connection.sendall(WELCOME)
    hear(connection)
    connection.sendall(ESTABLISHED[:-5])
    stay(connection)


def dripping(connection: socket.socket, _: int) -> None:
    """Always something, and the end only after seconds."""
    connection.sendall(WELCOME)
    hear(connection)
    for _ in range(300):
        connection.sendall(b"1002-Mesh_192_168_21_11 BGP\n")
        threading.Event().wait(0.01)


@pytest.mark.parametrize("talk", [silent, deaf, half, dripping])
def test_a_bird_that_hangs(path: Path, talk: object) -> None:
    assert callable(talk)
    with Speaker(path, talk), BirdClient(path, timeout=TIMEOUT) as client:
        began = time.monotonic()
        with pytest.raises(BirdHung, match=r"did not answer within 0\.3 s"):
            client.sessions()
        assert TIMEOUT <= time.monotonic() - began < TIMEOUT + 0.5


def test_a_bird_that_takes_no_connection(path: Path) -> None:
    """A stopped BIRD: its queue of connections fills up."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        with BirdClient(path, timeout=TIMEOUT) as one, BirdClient(path, timeout=TIMEOUT) as other:
            waiting = socket.socket(socket.AF_UNIX)
            waiting.connect(str(path))
            with waiting:
                for client in (one, other):
                    with pytest.raises(BirdHung):
                        client.sessions()


def test_a_late_answer_is_not_the_next_one(path: Path) -> None:
    """What comes after the time-out belongs to the connection that was given up."""

    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(WELCOME)
        hear(connection)
        if number == 1:
            stay(connection)
            return
        connection.sendall(ESTABLISHED)
        stay(connection)

    with Speaker(path, talk) as speaker, BirdClient(path, timeout=TIMEOUT) as client:
        with pytest.raises(BirdHung):
            client.sessions()
        assert len(client.sessions()) == 2
        assert speaker.connections == 2


@pytest.mark.parametrize("said", [b"", WELCOME, WELCOME[:7], WELCOME + ESTABLISHED[:300]])
def test_a_bird_that_closes(path: Path, said: bytes) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(said)

    with (
        Speaker(path, talk),
        BirdClient(path) as client,
        pytest.raises(BirdClosed, match="closed the connection"),
    ):
        client.sessions()


def test_a_refused_command(path: Path) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(WELCOME)
        hear(connection, b"show route\n")
        connection.sendall(b"8005 Access denied\n")

    with Speaker(path, talk), BirdClient(path) as client, pytest.raises(BirdCommandError) as caught:
        client.routes()
    assert caught.value.code == 8005
    assert str(caught.value) == f"{path}: BIRD refused `show route`: 8005 Access denied"


@pytest.mark.parametrize(
    "said", [b"220 mail.example ready\n", b"0003 Reconfigured\n", WELCOME + b"0000 \n0000 \n"]
)
def test_something_that_is_no_bird(path: Path, said: bytes) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(said)
        stay(connection)

    with Speaker(path, talk), BirdClient(path) as client, pytest.raises(BirdProtocolError) as caught:
        client.sessions()
    assert str(caught.value).startswith(f"{path}: ")
    assert not isinstance(caught.value, BirdUnreachable)


def test_a_path_longer_than_a_socket_address(tmp_path: Path) -> None:
    """108 bytes are all that connect(2) takes."""
    folder = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 5)
    folder.mkdir(parents=True)
    path = folder / "bird.ctl"
    assert len(str(path)) > 108

    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(WELCOME)
        hear(connection)
        connection.sendall(ESTABLISHED)

    short = tmp_path / "bird.ctl"
    with Speaker(short, talk), BirdClient(path) as client:
        with pytest.raises(BirdMissing):
            client.sessions()
        path.hardlink_to(short)
        assert len(client.sessions()) == 2


class Player:
    """Says the same pieces to each connection, one after the other, and closes."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def __call__(self, connection: socket.socket, _: int) -> None:
        for piece in self.pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        stay(connection)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Player, Path]]:
    player, path = Player(), tmp_path_factory.mktemp("bird") / "bird.ctl"
    with Speaker(path, player):
        yield player, path


@given(scene=st.sampled_from(SESSION_SCENES), cuts=st.lists(st.integers(1, 7000), max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_of_any_size_give_the_same_sessions(
    played: tuple[Player, Path], scene: str, cuts: list[int]
) -> None:
    player, path = played
    data = as_of_today(raw(scene))
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    player.pieces = [data]
    with BirdClient(path) as client:
        whole = client.sessions()
    player.pieces = [data[begin:end] for begin, end in itertools.pairwise(places)]
    with BirdClient(path) as client:
        assert client.sessions() == whole


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(WELCOME.__add__)))
@settings(deadline=2000, max_examples=60)
def test_hostile_bytes_raise_nothing_but_a_bird_error(played: tuple[Player, Path], data: bytes) -> None:
    player, path = played
    player.pieces = [data]
    with BirdClient(path, timeout=TIMEOUT) as client, pytest.raises(BirdError):
        client.sessions()


@given(scene=st.sampled_from(SESSION_SCENES), place=st.integers(0, 8000), byte=st.integers(0, 255))
@settings(deadline=2000, max_examples=100)
def test_one_wrong_byte_raises_nothing_but_a_bird_error(
    played: tuple[Player, Path], scene: str, place: int, byte: int
) -> None:
    player, path = played
    data = bytearray(as_of_today(raw(scene)))
    data[place % len(data)] = byte
    player.pieces = [bytes(data)]
    with BirdClient(path, timeout=TIMEOUT) as client:
        try:
            client.sessions()
        except BirdError:
            return


LONG = 200_000


@pytest.mark.parametrize(
    "line",
    [
        b"1002-" + b"x " * LONG,
        b"1002-Mesh_1 BGP master up 12:00:00 " + b" " * LONG + b"x",
        b"1006-Routes: " + b"9" * LONG + b" imported",
        b"1006-Last error: " + b" " * LONG + b"x",
        b"1007-10.0.0.0/8 " + b"via " * LONG,
        b"1007-10.0.0.0/8 " + b" " * LONG + b"x",
        b"1007-10.0.0.0/8 x " + b"[a a " * LONG,
        b"0024-Wait timer is " + b"9" * LONG + b"/1",
    ],
)
def test_no_line_is_slow_to_read(path: Path, line: bytes) -> None:
    """What a regular expression could spend minutes on takes no longer than the time-out."""

    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(WELCOME)
        if number == 1:
            hear(connection, b"show route\n")
            connection.sendall(line + b"\n0000 \n")
        else:
            hear(connection)
            status, end, protocols = ESTABLISHED.partition(b"0013 ")
            connection.sendall(
                status + line + b"\n" + end + protocols.replace(b"0000 \n", line + b"\n0000 \n")
            )

    with Speaker(path, talk), BirdClient(path) as client:
        began = time.monotonic()
        for ask in (client.routes, client.sessions):
            with suppress(BirdProtocolError):
                ask()
        assert time.monotonic() - began < 2
