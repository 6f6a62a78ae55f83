"""What `calicoctl node status` of two versions really printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.calico import node_status
from calicolab.calico.facts import NodeStatus
from calicolab.command import CommandResult
from calicolab.errors import LabError
from tests.calico.recordings import VERSIONS, result

versions = pytest.mark.parametrize("version", VERSIONS)


def answer(version: str, scene: str) -> NodeStatus:
    """A recorded answer."""
    return node_status.parse(result("node-status", version, scene))


def said(text: str) -> CommandResult:
    """A run that printed `text`."""
    return CommandResult(("calicoctl", "node", "status"), 0, text, "", 0.1)


@versions
def test_the_incident(version: str) -> None:
    """calicoctl folds INFO at 30 characters: "refused" stands on a line of its own."""
    found = answer(version, "incident")
    assert found.process_running
    assert found.bird_running
    peer, stranger = found.peers
    assert (peer.address, peer.kind, peer.state, peer.info) == (
        "192.168.21.11",
        "node-to-node mesh",
        "up",
        "Established",
    )
    assert peer.established
    assert peer.since.count(":") == 2
    assert (stranger.address, stranger.kind, stranger.state) == ("172.18.0.1", "node-to-node mesh", "start")
    assert stranger.info.endswith(" Socket: Connection refused")
    assert stranger.info.split()[0] in ("Active", "Connect", "Idle")
    assert not stranger.established
    assert str(stranger) == f"172.18.0.1 | node-to-node mesh | start | {stranger.since} | {stranger.info}"


@versions
def test_a_peer_of_a_bird_that_restarts_gracefully(version: str) -> None:
    (peer,) = answer(version, "waiting").peers
    assert (peer.state, peer.info) == ("wait", "Established")
    assert not peer.established


@versions
def test_no_peers(version: str) -> None:
    found = answer(version, "nopeers")
    assert found.bird_running
    assert found.peers == ()
    assert "No IPv4 peers found." in found.text


@versions
@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ("nobird", "The BGP backend process (BIRD) is not running."),
        ("bird6", "INFO: BIRDv4 process: 'bird' is not running."),
        ("killed", "Error querying BIRD: unable to connect to BIRDv4 socket"),
        ("nosocket", "Error querying BIRD: unable to connect to BIRDv4 socket"),
        ("hung", "rror executing command: read unix @->/run/calico/bird.ctl: i/o timeout"),
    ],
)
def test_a_bird_that_cannot_be_asked_is_not_a_bird_without_peers(
    version: str, scene: str, words: str
) -> None:
    found = answer(version, scene)
    assert found.process_running
    assert not found.bird_running
    assert found.peers == ()
    assert words in found.text


@versions
@pytest.mark.parametrize("scene", ["nothing", "nofelix"])
def test_calico_is_not_running(version: str, scene: str) -> None:
    found = answer(version, scene)
    assert not found.process_running
    assert not found.bird_running
    assert found.text == "Calico process is not running."


@pytest.mark.parametrize(
    "text", ["", "calicoctl: not found", "Need super user privileges: Operation not permitted"]
)
def test_what_is_no_answer_is_an_error(text: str) -> None:
    with pytest.raises(LabError, match="gave no answer"):
        node_status.parse(CommandResult(("calicoctl",), 1, "", text, 0.1))


def test_ipv6_peers_are_left_out() -> None:
    table = result("node-status", "v3.31.0", "incident").stdout
    six = (
        table.partition("IPv4 BGP status\n")[2].replace("192.168.21.11", "fd00::11     ").partition("\n\n")[0]
    )
    found = node_status.parse(said(f"{table}\nIPv6 BGP status\n{six}\n"))
    assert [peer.address for peer in found.peers] == ["192.168.21.11", "172.18.0.1"]


@pytest.mark.parametrize("table", ["| A | B |\n", "| PEER ADDRESS | PEER TYPE | STATE | INFO | SINCE |\n"])
def test_another_table_is_an_error(table: str) -> None:
    with pytest.raises(LabError, match="columns"):
        node_status.parse(said(f"Calico process is running.\n\nIPv4 BGP status\n{table}"))


@given(st.text(alphabet=st.sampled_from("|+- \nab"), max_size=80))
def test_a_hostile_table_raises_nothing_but_a_lab_error(table: str) -> None:
    try:
        node_status.parse(said(f"Calico process is running.\n\nIPv4 BGP status\n{table}"))
    except LabError:
        return
