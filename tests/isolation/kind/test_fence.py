"""No packet leaves a kind lab's network: what its containers dial is refused at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from calicolab.command import run
from calicolab.engine.launch import NOWHERE
from calicolab.errors import LabError, UsageError
from calicolab.host import network_namespace
from calicolab.labs.kind import fence, network, ownership
from calicolab.wait import wait_for
from tests.isolation.capture import Capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.engine import Engine

pytestmark = pytest.mark.root

SUBNET, BRIDGE_NETWORK = "192.168.21.0/24", "172.18.0.0/16"
DIAL = ("busybox", "nc", "-w", "3", "172.18.0.1", "179")

#: A lab on the engine that is found: says whether that is private, and what came of dialling.
ON_ITS_OWN = """
import sys
from calicolab.engine import find
from calicolab.labs.kind import fence, network, ownership
image, subnet = sys.argv[1:]
engine = find()
print(engine.private)
marks = ownership.new_marks("kind-v0.0.0", standing=False)
with ownership.guarded(engine, marks):
    made = network.create(engine, name=marks.cluster, subnet=subnet, labels=marks.labels)
    fence.raise_(engine, made, mark=marks.cluster)
    dial = ("run", "--rm", "--network", made.name, image, "busybox", "nc", "-w", "3", "172.18.0.1", "179")
    print("refused" if "Connection refused" in engine.run_status(*dial).stderr else "not refused")
"""


#: Takes connections where BIRD would, and ends them.
SERVER = """
import socket
with socket.create_server(("0.0.0.0", 179)) as server:
    print("listening", flush=True)
    while True:
        server.accept()[0].close()
"""


@pytest.fixture
def lab_network(engine: Engine) -> Iterator[network.Network]:
    """A lab's network, not yet fenced in."""
    marks = ownership.new_marks("kind-v0.0.0", standing=False)
    with ownership.guarded(engine, marks):
        yield network.create(engine, name=marks.cluster, subnet=SUBNET, labels=marks.labels)


@pytest.fixture
def uplink(engine: Engine) -> Iterator[Capture]:
    """What leaves by the engine's default route, which is where a machine would have its way out.

    Nobody answers there: without ARP a packet is sent all the same, so that it is seen.
    """
    run(engine.network_argv(["ip", "link", "set", NOWHERE, "arp", "off"]), timeout=10)
    with network_namespace.entered(engine.network):
        capture = Capture(NOWHERE)
    with capture:
        yield capture


def dial(engine: Engine, lab_network: network.Network, image: str) -> str:
    """Dial the incident's address from a container, as BIRD does, and return what came of it."""
    said = engine.run_status("run", "--rm", "--network", lab_network.name, image, *DIAL)
    assert not said.succeeded
    return said.stderr


def test_without_a_fence_the_packet_leaves(
    engine: Engine, lab_network: network.Network, image: str, uplink: Capture
) -> None:
    """The control: the capture sees what the fence is there to stop."""
    assert "refused" not in dial(engine, lab_network, image)
    wait_for(lambda: uplink.seen_within(BRIDGE_NETWORK), until=bool, timeout=5)


def test_what_is_dialled_is_refused_and_does_not_leave(
    engine: Engine, lab_network: network.Network, image: str, uplink: Capture
) -> None:
    fence.raise_(engine, lab_network, mark=lab_network.name)
    with Capture() as machine:
        assert "Connection refused" in dial(engine, lab_network, image)
    assert not uplink.seen_within(BRIDGE_NETWORK)
    assert not uplink.seen_within(SUBNET)
    # That this one sees a packet that leaves is shown in tests/isolation/test_fence.py.
    assert not machine.seen_within(BRIDGE_NETWORK)


@pytest.fixture
def own_address(engine: Engine) -> Iterator[None]:
    """The engine's machine has the incident's address itself, as with a network of its user's own.

    On `lo`, which keeps one of its own: an interface that loses its only address loses its routes, the default one too.
    """
    address = ["172.18.0.1/32", "dev", "lo"]
    run(engine.network_argv(["ip", "address", "add", *address]), timeout=10)
    yield
    run(engine.network_argv(["ip", "address", "delete", *address]), timeout=10)


@pytest.mark.usefixtures("own_address")
def test_what_the_machine_has_itself_is_not_reached_either(
    engine: Engine, lab_network: network.Network, image: str
) -> None:
    """A BIRD of the machine's own would be dialled; the control is that it is, without a fence."""
    server = engine.network_argv([sys.executable, "-c", SERVER])
    with subprocess.Popen(server, stdout=subprocess.PIPE) as serving:
        assert serving.stdout is not None
        try:
            assert serving.stdout.readline() == b"listening\n"
            reached = engine.run_status("run", "--rm", "--network", lab_network.name, image, *DIAL)
            assert reached.succeeded, reached.stderr
            fence.raise_(engine, lab_network, mark=lab_network.name)
            assert "Connection refused" in dial(engine, lab_network, image)
        finally:
            serving.kill()


@pytest.fixture
def other_networks(engine: Engine) -> Iterator[Callable[[], None]]:
    """Makes three networks on the engine: at each, Docker takes the way to DOCKER-USER away and puts it back."""
    names = [f"users-{number}" for number in range(3)]

    def make() -> None:
        for name in names:
            engine.run("network", "create", name)

    yield make
    for name in names:
        engine.run("network", "rm", "--force", name)


def test_it_holds_while_the_way_to_dockers_chain_is_away(
    engine: Engine,
    lab_network: network.Network,
    image: str,
    uplink: Capture,
    other_networks: Callable[[], None],
) -> None:
    fence.raise_(engine, lab_network, mark=lab_network.name)
    other_networks()
    way = ["FORWARD", "-j", "DOCKER-USER"]
    run(engine.network_argv(["iptables", "-w", "-D", *way]), timeout=10)
    try:
        assert "Connection refused" in dial(engine, lab_network, image)
    finally:
        run(engine.network_argv(["iptables", "-w", "-I", *way]), timeout=10)
    fence.prove(engine, lab_network, mark=lab_network.name)
    assert not uplink.seen_within(BRIDGE_NETWORK)


def test_it_can_be_proved_while_other_networks_are_made(
    engine: Engine, lab_network: network.Network, other_networks: Callable[[], None]
) -> None:
    """As when two labs come up at once."""
    fence.raise_(engine, lab_network, mark=lab_network.name)
    with ThreadPoolExecutor(max_workers=1) as pool:
        making = pool.submit(other_networks)
        while not making.done():
            fence.prove(engine, lab_network, mark=lab_network.name)
        making.result()


def test_on_a_machines_own_engine_it_is_the_same(engine: Engine, image: str, uplink: Capture) -> None:
    """From inside its network namespace the tests' engine is like any machine's own, and NOWHERE its way out."""
    argv = engine.network_argv([sys.executable, "-c", ON_ITS_OWN, image, SUBNET])
    said = run(argv, timeout=120, env={**engine.settings, **engine.environment()})
    assert said.stdout.splitlines() == ["False", "refused"]
    assert not uplink.seen_within(BRIDGE_NETWORK)
    assert "calicolab:" not in run(engine.network_argv(["iptables-save"]), timeout=10).stdout


def test_its_containers_reach_each_other(engine: Engine, lab_network: network.Network, image: str) -> None:
    fence.raise_(engine, lab_network, mark=lab_network.name)
    server = ("--ip", "192.168.21.2", "--label", f"calicolab.lab={lab_network.name}")
    engine.run(
        "run", "--detach", *server, "--network", lab_network.name, image, "busybox", "httpd", "-f", "-p", "80"
    )
    client = (
        "run",
        "--rm",
        "--network",
        lab_network.name,
        image,
        "busybox",
        "nc",
        "-w",
        "5",
        "192.168.21.2",
        "80",
    )
    wait_for(lambda: engine.run_status(*client).succeeded, until=bool, timeout=10)


def test_nodes_get_the_incidents_addresses(engine: Engine, lab_network: network.Network, image: str) -> None:
    """etcd's members ask for 2 to 4 and come first; who asks for nothing then gets 11, 12, 13."""
    label = ("--detach", "--label", f"calicolab.lab={lab_network.name}", "--network", lab_network.name)
    for host in (2, 3, 4):
        engine.run("run", *label, "--ip", f"192.168.21.{host}", image, "busybox", "sleep", "600")
    made = [engine.run("run", *label, image, "busybox", "sleep", "600").stdout.strip() for _ in range(3)]
    form = f'--format={{{{(index .NetworkSettings.Networks "{lab_network.name}").IPAddress}}}}'
    found = [engine.run("inspect", form, container).stdout.strip() for container in made]
    assert found == ["192.168.21.11", "192.168.21.12", "192.168.21.13"]


def test_a_missing_rule_is_seen(engine: Engine, lab_network: network.Network) -> None:
    with pytest.raises(LabError, match="fence is not up"):
        fence.prove(engine, lab_network, mark=lab_network.name)
    fence.raise_(engine, lab_network, mark=lab_network.name)
    fence.prove(engine, lab_network, mark=lab_network.name)
    fence.lower(engine, mark=lab_network.name)
    with pytest.raises(LabError, match="does not turn away"):
        fence.prove(engine, lab_network, mark=lab_network.name)


@pytest.mark.parametrize(
    ("chain", "said"),
    [("DOCKER-USER", "another rule stands before it"), ("FORWARD", "does not go to DOCKER-USER")],
)
def test_a_rule_that_lets_packets_by_is_seen(
    engine: Engine, lab_network: network.Network, chain: str, said: str
) -> None:
    fence.raise_(engine, lab_network, mark=lab_network.name)
    by = [chain, "-i", lab_network.bridge, "-j", "ACCEPT"]
    run(engine.network_argv(["iptables", "-I", *by]), timeout=10)
    try:
        with pytest.raises(LabError, match=said):
            fence.prove(engine, lab_network, mark=lab_network.name)
    finally:
        run(engine.network_argv(["iptables", "-D", *by]), timeout=10)


def test_addresses_in_use_are_refused(engine: Engine, lab_network: network.Network) -> None:
    with pytest.raises(UsageError, match=f"which the Docker network {lab_network.name} has"):
        network.create(engine, name="another", subnet="192.168.16.0/20", labels={})
    with pytest.raises(UsageError, match="which the Docker network bridge has"):
        network.create(engine, name="another", subnet="10.213.0.0/24", labels={})


def test_addresses_that_are_routed_are_refused(engine: Engine) -> None:
    route = ["ip", "route", "add", "192.168.21.128/25", "dev", NOWHERE]
    run(engine.network_argv(route), timeout=10)
    try:
        with pytest.raises(UsageError, match=f"which a route over interface {NOWHERE} has"):
            network.create(engine, name="another", subnet=SUBNET, labels={})
    finally:
        run(engine.network_argv([*route[:2], "del", *route[3:]]), timeout=10)


def test_a_network_of_that_name_is_not_touched(engine: Engine) -> None:
    engine.run("network", "create", "users")
    try:
        with pytest.raises(UsageError, match=r"a network called users already \(it is not one of ours"):
            network.create(engine, name="users", subnet=SUBNET, labels={})
    finally:
        engine.run("network", "rm", "users")
