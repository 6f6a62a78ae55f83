"""The mesh: what is full, what is missing, who is a stranger, and how it reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from calicolab.calico.bird_client import BirdHung, BirdProtocolError, BirdRefused
from calicolab.calico.facts import Session
from calicolab.calico.mesh import Mesh
from calicolab.evidence.facts import to_facts
from tests.calico.test_bird_sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

NODES = [("node01", "192.168.21.11"), ("node02", "192.168.21.12"), ("node03", "192.168.21.13")]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UP = Session(
    name="",
    peer="",
    kind="node-to-node mesh",
    state="up",
    since=NOON,
    info="Established",
    bgp_state="Established",
    last_error="",
    imported=1,
    exported=1,
    preferred=1,
    graceful_restart=True,
)
REFUSED = replace(
    UP,
    state="start",
    info="Active Socket: Connection refused",
    bgp_state="Active",
    last_error="Socket: Connection refused",
    graceful_restart=False,
)


def to(peer: str, session: Session = UP) -> Session:
    """`session` with this peer."""
    return replace(session, peer=peer, name=f"Mesh_{peer.replace('.', '_')}")


def full(nodes: Sequence[tuple[str, str]]) -> dict[str, tuple[Session, ...]]:
    """All sessions of a full mesh."""
    return {name: tuple(to(peer) for _, peer in nodes if peer != address) for name, address in nodes}


def test_a_full_mesh() -> None:
    mesh = Mesh.of(NODES, full(NODES))
    assert mesh.is_full
    assert len(mesh.established_pairs) == 6
    assert mesh.established_pairs == mesh.expected_pairs
    assert (mesh.missing, mesh.strangers, mesh.silent, mesh.down) == ((), (), {}, {})
    assert str(mesh) == (
        "mesh of 3 nodes: 6 of 6 ordered pairs Established, full\n"
        "          node01       node02       node03\n"
        "  node01  .            Established  Established\n"
        "  node02  Established  .            Established\n"
        "  node03  Established  Established  ."
    )


def test_the_incident() -> None:
    """node02 took the bridge's address: the others dial that, and nobody has a session to node02."""
    answers = {
        "node01": (to("172.18.0.1", REFUSED), to("192.168.21.13")),
        "node02": (
            to("192.168.21.11", replace(REFUSED, info="Passive", bgp_state="Passive")),
            to("192.168.21.13", REFUSED),
        ),
        "node03": (to("192.168.21.11"), to("172.18.0.1", REFUSED)),
    }
    mesh = Mesh.of(NODES, answers)
    assert not mesh.is_full
    assert mesh.established_pairs == {("node01", "node03"), ("node03", "node01")}
    assert mesh.missing == (("node01", "node02"), ("node03", "node02"))
    assert [(it.node, it.session.peer) for it in mesh.strangers] == [
        ("node01", "172.18.0.1"),
        ("node03", "172.18.0.1"),
    ]
    assert set(mesh.down) == {("node02", "node01"), ("node02", "node03")}
    assert mesh.session("node01", "node02") is None
    session = mesh.session("node02", "node03")
    assert session is not None
    assert session.last_error == "Socket: Connection refused"
    assert str(mesh) == (
        "mesh of 3 nodes: 2 of 6 ordered pairs Established, not full\n"
        "          node01       node02  node03\n"
        "  node01  .            -       Established\n"
        "  node02  Passive      .       Active\n"
        "  node03  Established  -       .\n"
        "  stranger: node01 has 172.18.0.1 | node-to-node mesh | start | Active Socket: Connection refused\n"
        "  stranger: node03 has 172.18.0.1 | node-to-node mesh | start | Active Socket: Connection refused\n"
        "  missing: no node has a session to node02\n"
        "  down: node02 to node01: start | Passive\n"
        "  down: node02 to node03: start | Active Socket: Connection refused"
    )


def test_one_session_less_is_not_full() -> None:
    answers = full(NODES)
    for name, peers in full(NODES).items():
        for index, session in enumerate(peers):
            without = {**answers, name: peers[:index] + peers[index + 1 :]}
            assert not Mesh.of(NODES, without).is_full
            down = {
                **answers,
                name: tuple(replace(it, state="wait") if it is session else it for it in peers),
            }
            assert not Mesh.of(NODES, down).is_full


def test_a_stranger_more_is_not_full() -> None:
    answers = {**full(NODES), "node03": (*full(NODES)["node03"], to("172.18.0.1"))}
    mesh = Mesh.of(NODES, answers)
    assert mesh.established_pairs == mesh.expected_pairs
    assert not mesh.is_full


def test_a_configured_peer_is_no_stranger() -> None:
    router = replace(to("192.168.21.1"), kind="global", name="Global_192_168_21_1")
    assert Mesh.of(NODES, {**full(NODES), "node03": (*full(NODES)["node03"], router)}).is_full


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_sessions_to_a_node_the_meshs_own_counts(order: int) -> None:
    two = [to("192.168.21.11", REFUSED), replace(to("192.168.21.11"), kind="node specific")][::order]
    mesh = Mesh.of(NODES, {**full(NODES), "node03": (*two, to("192.168.21.12"))})
    assert mesh.session("node03", "node01") == two[::order][0]
    assert not mesh.is_full


def test_a_session_to_itself_is_no_pair() -> None:
    mesh = Mesh.of(NODES[:1], {"node01": (to("192.168.21.11"),)})
    assert mesh.established_pairs == frozenset()


@pytest.mark.parametrize(
    "error", [BirdRefused("x: refused"), BirdHung("x: hung"), BirdProtocolError("x: odd")]
)
def test_a_dead_bird_is_a_fact(error: Exception) -> None:
    answers = full(NODES)

    def ask(name: str) -> Sequence[Session]:
        if name == "node02":
            raise error
        return answers[name]

    mesh = Mesh.read(NODES, ask)
    assert not mesh.is_full
    assert mesh.silent == {"node02": str(error)}
    assert mesh.missing == (), "nothing is known of node02's sessions"
    assert mesh.session("node02", "node01") is None
    assert mesh.session("node01", "node02") is not None
    assert len(mesh.established_pairs) == 4
    assert f"silent: node02: {error}" in str(mesh)
    assert "\n  node02  ?            .            ?\n" in str(mesh)


def test_other_errors_are_not_swallowed() -> None:
    def ask(name: str) -> Sequence[Session]:
        raise KeyError(name)

    with pytest.raises(KeyError):
        Mesh.read(NODES, ask)


def test_a_single_node_that_is_silent_is_not_full() -> None:
    assert Mesh.of(NODES[:1], {"node01": ()}).is_full
    assert not Mesh.of(NODES[:1], {"node01": "x: refused"}).is_full


def test_a_node_without_an_answer_is_silent() -> None:
    mesh = Mesh.of(NODES, {name: it for name, it in full(NODES).items() if name != "node03"})
    assert mesh.silent == {"node03": "it was not asked"}
    assert not mesh.is_full


def test_no_peers_at_all() -> None:
    mesh = Mesh.of(NODES, {name: () for name, _ in NODES})
    assert len(mesh.missing) == 6
    assert not mesh.is_full
    assert "missing: node02 has no session to any node" in str(mesh)


def test_recorded_sessions_make_a_mesh() -> None:
    mesh = Mesh.of(NODES, {"node02": tuple(sessions("established").values())})
    assert mesh.established_pairs == {("node02", "node01"), ("node02", "node03")}


def many(count: int) -> list[tuple[str, str]]:
    """`count` nodes."""
    return [(f"node{index:03d}", f"192.168.21.{10 + index}") for index in range(1, count + 1)]


def test_fifty_nodes_are_summed_up() -> None:
    nodes = many(50)
    answers = full(nodes)
    assert str(Mesh.of(nodes, answers)) == "mesh of 50 nodes: 2450 of 2450 ordered pairs Established, full"
    broken = {
        name: tuple(to("172.18.0.1", REFUSED) if it.peer == "192.168.21.20" else it for it in peers)
        for name, peers in answers.items()
    }
    text = str(Mesh.of(nodes, broken))
    assert text.splitlines()[0] == "mesh of 50 nodes: 2401 of 2450 ordered pairs Established, not full"
    assert "stranger: and 39 more" in text
    assert "missing: no node has a session to node010" in text
    assert len(text.splitlines()) < 20


def test_facts_go_through_json_and_back() -> None:
    answers: dict[str, Sequence[Session] | str] = {**full(NODES), "node02": "x: refused"}
    mesh = Mesh.of(NODES, answers)
    facts = json.loads(json.dumps(to_facts(mesh)))
    assert facts["full"] is False
    assert (facts["established"], facts["expected"]) == (4, 6)
    again = Mesh.from_facts(facts)
    assert again == mesh
    assert str(again) == str(mesh)


def test_meshes_compare_by_what_was_seen() -> None:
    assert Mesh.of(NODES, full(NODES)) == Mesh.of(NODES, full(NODES))
    assert Mesh.of(NODES, full(NODES)) != Mesh.of(NODES, {**full(NODES), "node01": ()})
