"""The client against real BIRDs in network namespaces."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from calicolab.calico.bird_client import BirdClient, BirdHung, BirdMissing, BirdRefused
from calicolab.calico.bird_log import BirdLog
from calicolab.calico.mesh import Mesh
from calicolab.wait import wait_for
from tests.calico.birds import Bird, Birds, Peer, debian_programs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calicolab.calico.facts import Session

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return debian_programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def birds(tmp_path: Path, programs: Path) -> Iterator[Birds]:
    with Birds(tmp_path, programs) as made:
        yield made


class Readers:
    """A client of each BIRD, with its log."""

    def __init__(self, birds: Birds) -> None:
        self.nodes = [(f"node{index:02d}", bird.address) for index, bird in enumerate(birds.nodes, start=1)]
        self.clients = {
            name: BirdClient(bird.socket, timeout=0.5, log=BirdLog(bird.log))
            for (name, _), bird in zip(self.nodes, birds.nodes, strict=True)
        }

    def mesh(self) -> Mesh:
        """The mesh now."""
        return Mesh.read(self.nodes, lambda name: self.clients[name].sessions())

    def session(self, node: str, peer: str) -> Session:
        """A session that must be there."""
        session = self.mesh().session(node, peer)
        assert session is not None
        return session


@pytest.fixture
def readers(birds: Birds) -> Iterator[Readers]:
    made = Readers(birds)
    yield made
    for client in made.clients.values():
        client.close()


def written(bird: Bird, words: str) -> list[str]:
    """The times of day, to 10 microseconds, at which its log says `words`."""
    return [line[11:26].split()[0] for line in bird.log.read_text().splitlines() if words in line]


def test_a_mesh_through_the_death_of_a_bird(birds: Birds, readers: Readers) -> None:
    """Nothing, full to the millisecond, one killed, one stopped, and full again, by the same clients."""
    first, second, third = birds.nodes
    assert readers.mesh().silent == {
        name: f"{bird.socket}: there is no control socket; BIRD is not running there"
        for (name, _), bird in zip(readers.nodes, birds.nodes, strict=True)
    }
    birds.mesh()
    wait_for(readers.mesh, until=lambda mesh: mesh.is_full, timeout=15)
    mesh = wait_for(
        readers.mesh,
        until=lambda mesh: all(
            it.since_precision == 0.001 for peers in mesh.sessions.values() for it in peers
        ),
        timeout=2,
    )
    since = mesh.sessions["node02"][0].since
    assert f"{since:%H:%M:%S.%f}"[:14] in written(second, "Mesh_192_168_21_11: State changed to feed")[-1]
    assert all(it.graceful_restart for peers in mesh.sessions.values() for it in peers)

    third.end()
    mesh = readers.mesh()
    assert mesh.silent == {"node03": f"{third.socket}: nobody listens on the control socket; BIRD has ended"}
    assert "?" in str(mesh)
    wait_for(lambda: readers.session("node01", "node03"), until=lambda it: it.peer_restarting, timeout=2)
    assert readers.session("node01", "node03").imported == 1, "its routes stay for the time of its restart"
    with pytest.raises(BirdRefused):
        readers.clients["node03"].sessions()

    second.send(signal.SIGSTOP)
    assert "did not answer within 0.5 s" in readers.mesh().silent["node02"]
    with pytest.raises(BirdHung):
        readers.clients["node02"].status()
    second.send(signal.SIGCONT)

    third.start()
    wait_for(readers.mesh, until=lambda mesh: mesh.is_full, timeout=15)
    status = readers.clients["node03"].status()
    assert (status.version, status.router_id) == ("1.6.8", third.address)
    assert [
        route.prefix for route in readers.clients["node01"].routes() if route.protocol.startswith("Mesh_")
    ] == [
        "10.244.12.0/26",
        "10.244.13.0/26",
    ]
    assert first.process is not None, "and nothing happened to the first"


def test_reconfiguration_keeps_the_connection(birds: Birds, readers: Readers) -> None:
    """What confd does: a new bird.cfg and SIGHUP."""
    bird, client = birds.nodes[0], readers.clients["node01"]
    bird.configure([Peer("192.168.21.12", passive=True), Peer("172.18.0.1", passive=True)])
    bird.start()
    wait_for(readers.mesh, until=lambda mesh: len(mesh.strangers) == 1, timeout=5)
    bird.configure([Peer("192.168.21.12", passive=True)])
    bird.send(signal.SIGHUP)
    wait_for(client.sessions, until=lambda sessions: len(sessions) == 1, timeout=5)
    bird.end(signal.SIGTERM)
    with pytest.raises((BirdMissing, BirdRefused)):
        client.sessions()


def test_since_is_to_the_second_without_a_log_and_does_not_jump(birds: Birds) -> None:
    bird = birds.nodes[0]
    bird.configure([Peer("192.168.21.12", passive=True)])
    bird.start()
    with BirdClient(bird.socket) as plain, BirdClient(bird.socket, log=BirdLog(bird.log)) as exact:
        wait_for(lambda: bird.socket.exists(), until=bool, timeout=5)
        (refined,) = wait_for(exact.sessions, until=lambda it: it[0].since_precision == 0.001, timeout=5)
        # Each poll rounds its own way; over more than a second they would differ.
        answers = [plain.sessions()]
        wait_for(lambda: answers.append(plain.sessions()), until=lambda _: len(answers) == 60, timeout=10)
    (session,) = answers[0]
    assert all(answer == answers[0] for answer in answers)
    assert session.since_precision == 1
    assert session.since.microsecond == 0
    assert abs((session.since - refined.since).total_seconds()) < 2
