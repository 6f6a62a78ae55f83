"""Replies come out whole, however the bytes came in."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.calico import bird_protocol
from calicolab.calico.bird_errors import BirdProtocolError
from calicolab.calico.bird_protocol import Line, Reply, ReplyReader
from tests.calico.recordings import RECORDED, raw, replies

SCENES = sorted(path.stem for path in (RECORDED / "bird").glob("*.bin"))


@pytest.mark.parametrize("scene", SCENES)
def test_every_recorded_byte_belongs_to_a_reply(scene: str) -> None:
    reader = ReplyReader()
    reader.feed(raw(scene))
    count = 0
    while reader.take() is not None:
        count += 1
    reader.feed(b"0000 \n")
    assert reader.take() == Reply((Line(0, ""),)), "something was left over"
    assert count >= 2


@given(scene=st.sampled_from(SCENES), cuts=st.lists(st.integers(0, 8000), max_size=30))
def test_cutting_the_bytes_anywhere_changes_nothing(scene: str, cuts: list[int]) -> None:
    data = raw(scene)
    reader, found = ReplyReader(), []
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for begin, end in itertools.pairwise(places):
        reader.feed(data[begin:end])
        while (reply := reader.take()) is not None:
            found.append(reply)
    assert found[1:] == replies(data)


@given(st.lists(st.binary(max_size=200)))
def test_hostile_bytes_raise_nothing_but_a_protocol_error(pieces: list[bytes]) -> None:
    reader = ReplyReader()
    try:
        for piece in pieces:
            reader.feed(piece)
            while (reply := reader.take()) is not None:
                assert reply.lines
    except BirdProtocolError:
        return


@given(
    st.lists(
        st.sampled_from([b"0001 ", b"1002-", b" ", b"+", b"\n", b"9001 x\n", b"\xff", b"x", b"0000", b"00"])
    )
)
def test_almost_valid_bytes_raise_nothing_but_a_protocol_error(pieces: list[bytes]) -> None:
    reader = ReplyReader()
    try:
        reader.feed(b"".join(pieces))
        while (reply := reader.take()) is not None:
            assert reply.lines
    except BirdProtocolError:
        return


def test_a_line_takes_the_code_of_the_one_before() -> None:
    (reply,) = replies(b"0001 BIRD 1.6.8 ready.\n1002-a\n b\n0000 \n")
    assert reply == Reply((Line(1002, "a"), Line(1002, "b"), Line(0, "")))
    assert not reply.is_error


def test_a_message_in_between_is_no_part_of_the_reply() -> None:
    (reply,) = replies(b"0001 ready\n1002-a\n+bird: a message of the log\n b\n0000 \n")
    assert [line.text for line in reply.lines] == ["a", "b", ""]


def test_errors_are_replies_too() -> None:
    assert [(it.code, it.is_error) for it in replies(raw("commands-refused"))] == [
        (9001, True),
        (9002, True),
        (13, False),
    ]


@pytest.mark.parametrize(
    "line", [b"\n", b"HTTP/1.1 400 Bad Request\n", b"000 \n", b"0000\n", b" first\n", b"00x0 \n"]
)
def test_what_has_no_code_is_refused_with_the_line(line: bytes) -> None:
    reader = ReplyReader()
    with pytest.raises(BirdProtocolError, match="begin with a reply code") as caught:
        reader.feed(line)
    assert repr(line.decode()[:-1]) in str(caught.value)


@pytest.mark.parametrize("piece", [b"1002-" + b"x" * 95 + b"\n", b"x" * 100])
def test_a_reply_without_end_is_refused(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bird_protocol, "REPLY_LIMIT", 1000)
    reader = ReplyReader()
    while_it_may = 1000 // len(piece)
    for _ in range(while_it_may):
        reader.feed(piece)
        assert reader.take() is None
    with pytest.raises(BirdProtocolError, match="longer than 1000 bytes"):
        reader.feed(piece)


def test_the_limit_is_for_one_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bird_protocol, "REPLY_LIMIT", 1000)
    reader = ReplyReader()
    for _ in range(100):
        reader.feed(b"1002-" + b"x" * 500 + b"\n0000 \n")
        assert reader.take() is not None
