"""Routes as real BIRDs listed them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.calico import bird_routes
from calicolab.calico.bird_errors import BirdProtocolError
from calicolab.calico.bird_routes import Route
from tests.calico.recordings import raw, replies


def routes(scene: str) -> list[Route]:
    """The routes of a recording."""
    return list(bird_routes.parse(replies(raw(scene))[0]))


def test_a_peers_block() -> None:
    assert routes("routes")[1] == Route(
        prefix="10.244.11.0/26",
        protocol="Mesh_192_168_21_11",
        target="via",
        gateways=("192.168.21.11",),
        interfaces=("eth0",),
        primary=True,
        line="10.244.11.0/26 via 192.168.21.11 on eth0 [Mesh_192_168_21_11 12:08:43] * (100/0) [i]",
    )


def test_every_form() -> None:
    found = [
        (it.prefix, it.target, it.protocol, it.gateways, it.interfaces)
        for it in routes("routes-of-every-form")
    ]
    two = ("192.168.21.13", "192.168.21.12")
    assert found == [
        ("192.168.21.0/24", "dev", "direct1", (), ("eth0",)),
        ("10.244.99.0/26", "via", "Mesh_192_168_21_12", ("192.168.21.12",), ("eth0",)),
        ("10.244.99.0/26", "via", "Mesh_192_168_21_13", ("192.168.21.13",), ("eth0",)),
        ("10.244.11.0/26", "blackhole", "static1", (), ()),
        ("10.244.50.0/24", "multipath", "static1", two, ("eth0", "eth0")),
        ("10.244.51.0/24", "unreachable", "static1", (), ()),
        ("10.244.52.0/24", "prohibited", "static1", (), ()),
        ("10.244.53.0/24", "dev", "static1", (), ("eth0",)),
    ]


def test_one_of_two_routes_to_a_prefix_is_the_best() -> None:
    best, other = (it for it in routes("routes-of-every-form") if it.prefix == "10.244.99.0/26")
    assert best.primary
    assert not other.primary
    assert str(other) == "10.244.99.0/26 via 192.168.21.13 on eth0 [Mesh_192_168_21_13 17:53:50] (100/0) [i]"


def test_a_route_with_its_origin() -> None:
    """A route that a peer learnt elsewhere names that router; one over a recursive next hop says so."""
    line = b"0.0.0.0/0 via 192.168.21.1 on eth0 [uplink 12:00:00 from 192.168.21.4] ! (100/?) [AS64999i]"
    (route,) = bird_routes.parse(replies(b"0001 ready\n1007-" + line + b"\n0000 \n")[0])
    assert (route.protocol, route.gateways, route.primary) == ("uplink", ("192.168.21.1",), False)


def test_no_routes() -> None:
    assert bird_routes.parse(replies(b"0001 ready\n0000 \n")[0]) == ()


@given(st.lists(st.text(max_size=60), max_size=5))
def test_hostile_routes_raise_nothing_but_a_protocol_error(texts: list[str]) -> None:
    said = "".join(f"1007-{' '.join(text.splitlines())}\n" for text in texts)
    for reply in replies(f"0001 ready\n{said}0000 \n".encode(errors="replace")):
        try:
            bird_routes.parse(reply)
        except BirdProtocolError:
            return


def test_what_is_no_route_is_refused() -> None:
    (reply,) = replies(b"0001 ready\n1007-nonsense\n0000 \n")
    with pytest.raises(BirdProtocolError, match="'nonsense'"):
        bird_routes.parse(reply)
