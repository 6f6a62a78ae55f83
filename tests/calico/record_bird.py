"""Records what real BIRDs say on their control sockets: `python -m tests.calico.record_bird [scene ...]`, as root.

Run it again when another BIRD is to be understood; the tests say what has changed.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.calico.bird_client import BirdClient, BirdError
from calicolab.wait import wait_for
from tests.calico.birds import Bird, Birds, Peer, debian_programs

if TYPE_CHECKING:
    from collections.abc import Callable

    from calicolab.calico.facts import Session

RECORDED = Path(__file__).with_name("recorded") / "bird"
SESSIONS = ("show status", "show protocols all")
STRANGER = "172.18.0.1"


def exchange(bird: Bird, *commands: str, replies: int) -> bytes:
    """All bytes that BIRD sends: its welcome and `replies` replies."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(bird.socket))
        connection.sendall("".join(f"{command}\n" for command in commands).encode())
        said = b""
        # A line that ends a reply has four digits and a space.
        while sum(line[:4].isdigit() and line[4:5] == b" " for line in said.split(b"\n")[:-1]) < replies + 1:
            said += connection.recv(65536)
    return said


def record(name: str, bird: Bird, *commands: str) -> None:
    """Write what `bird` answers to `commands` (its sessions when none) to recorded/bird/<name>.bin."""
    asked = commands or SESSIONS
    RECORDED.joinpath(f"{name}.bin").write_bytes(exchange(bird, *asked, replies=len(asked)))


def when(bird: Bird, until: Callable[[dict[str, Session]], bool]) -> None:
    """Wait until `until` holds for BIRD's sessions by the peer's address."""

    def ask() -> dict[str, Session] | None:
        try:
            with BirdClient(bird.socket) as client:
                return {session.peer: session for session in client.sessions()}
        except BirdError:
            return None

    wait_for(ask, until=lambda it: it is not None and until(it), timeout=30)


def healthy_mesh(birds: Birds) -> None:
    """Three nodes, full mesh; then one is killed and comes back, with its other peer away."""
    birds.mesh()
    first, second, third = birds.nodes
    for node in birds.nodes:
        when(node, lambda it: len(it) == 2 and all(session.established for session in it.values()))
    record("established", second)
    record("routes", second, "show route")
    third.end()
    when(second, lambda it: it[third.address].peer_restarting)
    record("peer-restarting", second)
    first.end()
    third.start()
    when(third, lambda it: it[second.address].state == "wait")
    record("waiting", third)
    record("commands-refused", third, "show nonsense", "show protocols all Mesh_9", "show status")


def incident(birds: Birds) -> None:
    """node03 as a healthy node in the incident, beside peers of every other kind."""
    first, second, third = birds.nodes
    first.configure([Peer(third.address, passive=True)])
    first.start()
    third.configure(
        [
            Peer(first.address),
            Peer(STRANGER),
            Peer("192.168.21.99"),
            Peer(
                "192.168.21.2",
                name="Global_192_168_21_2_port_1790",
                passive=True,
                extra="neighbor port 1790;",
            ),
            Peer("192.168.21.3", name="Node_192_168_21_3", extra="disabled;"),
            Peer("10.244.13.9", name="Local_Workload_10_244_13_9", passive=True),
            Peer("192.168.21.4", name="uplink", passive=True),
        ]
    )
    third.start()
    when(third, lambda it: it[first.address].established)
    when(third, lambda it: it[STRANGER].last_error != "" and it[STRANGER].bgp_state == "Active")
    record("incident", third)
    record("incident-table", third, "show protocols")
    second.configure([])
    second.start()
    when(second, lambda it: it == {})
    record("no-peers", second)


def bad_peer_as(birds: Birds) -> None:
    """Each end of a session whose AS numbers do not fit."""
    first, second, _ = birds.nodes
    second.local_as = 64513
    first.configure([Peer(second.address, passive=True)])
    second.configure([Peer(first.address)])
    first.start()
    second.start()
    for node, name in ((first, "bad-peer-as"), (second, "bad-peer-as-received")):
        when(node, lambda it: any(session.bgp_state == "Idle" for session in it.values()))
        record(name, node)


def port_taken(birds: Birds) -> None:
    """Port 179 belongs to somebody else when BIRD starts."""
    first = birds.nodes[0]
    first.configure([Peer("192.168.21.12", passive=True)])
    holder = "import socket, sys; it = socket.create_server(('', 179)); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        ["ip", "netns", "exec", first.namespace, sys.executable, "-c", holder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holding:
        assert holding.stdout is not None
        holding.stdout.readline()
        first.start()
        when(first, lambda it: any(session.state == "down" for session in it.values()))
        record("port-taken", first)
        first.end()
        holding.kill()


def times_and_routes(birds: Birds) -> None:
    """A time zone of its own, the date alone (as for what is older than 20 hours), and routes of every form."""
    first, second, third = birds.nodes
    for node in (second, third):
        node.configure(
            [
                Peer(other.address, passive=other.address > node.address)
                for other in birds.nodes
                if other is not node
            ],
            routes=["10.244.99.0/26"],
        )
    first.configure(
        [Peer(second.address, passive=True), Peer(third.address, passive=True)],
        routes=["10.244.11.0/26"],
        more_routes=[
            "10.244.50.0/24 multipath via 192.168.21.12 via 192.168.21.13 weight 2",
            "10.244.51.0/24 unreachable",
            "10.244.52.0/24 prohibit",
            '10.244.53.0/24 via "eth0"',
        ],
        head='timeformat protocol "%T" 1 "%F";',
    )
    for node in birds.nodes:
        node.start(environment={"TZ": "XXX-5:45"})
    when(first, lambda it: len(it) == 2 and all(session.established for session in it.values()))
    when(first, lambda it: all(session.since_precision > 1 for session in it.values()))
    record("dates-in-nepal", first)
    when(second, lambda it: len(it) == 2 and all(session.established for session in it.values()))
    record("nepal", second)
    record("routes-of-every-form", first, "show route")


def main() -> None:
    """Record every scene, or those named."""
    scenes = (healthy_mesh, incident, bad_peer_as, port_taken, times_and_routes)
    wanted = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the namespaces go
    RECORDED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="birdtest-") as folder:
        programs = Path(folder, "programs")
        programs.mkdir()
        programs = debian_programs(programs)
        for scene in scenes:
            if not wanted or scene.__name__ in wanted:
                with Birds(Path(folder, scene.__name__), programs) as birds:
                    scene(birds)


if __name__ == "__main__":
    main()
