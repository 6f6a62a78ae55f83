"""What can be done to a lab, each with its undoing: the building blocks of the sabotages."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calicolab.calico import strict_window
from calicolab.calico.start import STARTED
from calicolab.wait import wait_for
from tests.controls.state import sessions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.labs.netns.lab import NetnsLab
    from calicolab.labs.netns.node import NetnsNode
    from tests.controls.control import Scene

#: Seconds for calico-node to start, on a busy machine.
START_TIMEOUT = 60.0
BGP_PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: {name}
spec:
  node: {node}
  peerIP: {peer}
  asNumber: 64512
"""
_BIRDCL = ("birdcl", "-s", "/var/run/calico/bird.ctl")


@contextmanager
def session_off(lab: NetnsLab, node: str, peer: str) -> Iterator[None]:
    """Disable one session in BIRD on `node`; `peer` is an address."""
    calico, protocol = lab.node(node).calico, f"Mesh_{peer.replace('.', '_')}"
    _bird(calico, "disable", protocol)
    try:
        yield
    finally:
        _bird(calico, "enable", protocol)


def _bird(calico: Any, action: str, protocol: str) -> None:
    done = calico.run_status([*_BIRDCL, action, protocol])
    if f"{protocol}: {action}d" not in done.stdout:
        raise RuntimeError(f"BIRD did not {action} {protocol}: {done}")


@contextmanager
def service_down(lab: NetnsLab, node: str, *services: str) -> Iterator[None]:
    """Stop services of calico-node on `node`."""
    calico = lab.node(node).calico
    try:
        for service in services:
            calico.service(service, "down")
        yield
    finally:
        for service in services:
            calico.service(service, "up")


@contextmanager
def service_frozen(lab: NetnsLab, node: str, service: str) -> Iterator[None]:
    """Freeze a service of calico-node on `node` with SIGSTOP."""
    calico = lab.node(node).calico
    calico.service(service, "pause")
    try:
        yield
    finally:
        calico.service(service, "cont")


@contextmanager
def packets_dropped(lab: NetnsLab, source: str, target: str, *match: str) -> Iterator[None]:
    """Drop, of what the pod of node `source` sends to the pod of node `target`, all that `match` matches."""
    node, pods = lab.node(source), {pod.node: pod.address for pod in lab.pods}
    rule = ["PREROUTING", "-s", pods[source], "-d", pods[target], *match, "-j", "DROP"]
    node.run(["iptables", "-w", "-t", "raw", "-I", *rule])
    try:
        yield
    finally:
        node.run(["iptables", "-w", "-t", "raw", "-D", *rule])


@contextmanager
def routes_by_hand(lab: NetnsLab, one: str, other: str) -> Iterator[None]:
    """Let the pods of two nodes reach each other without BGP."""
    # Of protocol "kernel", as BIRD would learn any other and tell its peers.
    nodes, pods = (lab.node(one), lab.node(other)), {pod.node: pod.address for pod in lab.pods}
    routes = [
        (node, [f"{pods[peer.name]}/32", "via", peer.address, "dev", "eth0", "proto", "kernel"])
        for node, peer in (nodes, nodes[::-1])
    ]
    for node, route in routes:
        node.run(["ip", "route", "replace", *route])
    try:
        yield
    finally:
        for node, route in routes:
            node.run(["ip", "route", "delete", *route])


@contextmanager
def pod_mtu(lab: NetnsLab, node: str, mtu: int) -> Iterator[None]:
    """Give the host's end of the cable of the pod on `node` another MTU."""
    cable = next(link for link in lab.node(node).calico.interfaces() if link.name.startswith("cali"))
    set_mtu = ["ip", "link", "set", "dev", cable.name, "mtu"]
    lab.node(node).run([*set_mtu, str(mtu)])
    try:
        yield
    finally:
        lab.node(node).run([*set_mtu, str(cable.mtu)])


@contextmanager
def stored_address(lab: NetnsLab, node: str, address: str) -> Iterator[None]:
    """Have the Node resource of `node` hold another address (with its prefix length)."""
    before = stored(lab)[node]
    store(lab, node, address)
    try:
        yield
    finally:
        store(lab, node, before)


def stored(lab: NetnsLab) -> dict[str, str]:
    """The address that each Node resource holds."""
    return {address.node: address.ipv4 or "" for address in lab.calicoctl.node_addresses()}


def store(lab: NetnsLab, node: str, address: str) -> None:
    """Have the Node resource of `node` hold an address."""
    lab.calicoctl.patch("node", node, {"spec": {"bgp": {"ipv4Address": address}}})


@contextmanager
def bgp_peer(lab: NetnsLab, node: str, peer: str) -> Iterator[None]:
    """Give `node` one more BGP peer, by its address."""
    lab.calicoctl.apply(BGP_PEER.format(name="control", node=node, peer=peer))
    try:
        yield
    finally:
        lab.calicoctl.delete("bgppeer", "control")


@contextmanager
def settings(node: NetnsNode, **changed: str) -> Iterator[None]:
    """Have calico-node start with other settings from now on; it is not started afresh, here or on the way out."""
    environment = node.calico.container.environment
    before = dict(environment)
    environment.update(changed)
    try:
        yield
    finally:
        environment.clear()
        environment.update(before)


@contextmanager
def stranger_let_in(lab: NetnsLab, member: int) -> Iterator[None]:
    """Have one member of etcd, counted from 0, ask nobody for a certificate."""
    container = lab.etcd.containers[member]
    before = container.argv

    def start_as(argv: tuple[str, ...]) -> None:
        container.kill()
        container.argv = argv
        container.start()
        wait_for(lab.etcd.health, until=lambda health: health.succeeded, timeout=START_TIMEOUT)

    # A member that has the clients' CA asks for a certificate even when told not to.
    asking = ("--client-cert-auth", "--trusted-ca-file")
    start_as(tuple(option for option in before if not option.startswith(asking)))
    try:
        yield
    finally:
        start_as(before)


def started_since_now(node: NetnsNode) -> Callable[[], bool]:
    """Evidence that calico-node has started on `node`, with a look at addresses behind it, since this was called."""
    before = len(node.calico.logs())
    return lambda: STARTED in node.calico.logs()[before:]


def established(node: NetnsNode, peer: NetnsNode) -> Callable[[], bool]:
    """Evidence that `node` has a session with `peer`."""
    return lambda: any(
        session.peer == peer.address and session.bgp_state == "Established" for session in sessions_of(node)
    )


def start_again(node: NetnsNode) -> None:
    """Start calico-node afresh, and wait until it has looked for its address."""
    started = started_since_now(node)
    node.calico.restart()
    wait_for(started, until=bool, timeout=START_TIMEOUT)


def restarts_long_ago(scene: Scene, node: NetnsNode) -> None:
    """Let calico-node start on `node` as the check has it, but with the probe's strict window shut at once."""
    restart = node.calico.restart

    def restart_long_ago() -> None:
        before = strict_window.age(node)
        restart()
        wait_for(lambda: strict_window.age(node), until=lambda age: age < before, timeout=START_TIMEOUT)
        strict_window.close(node)

    scene.patch.setattr(node.calico, "restart", restart_long_ago)


@contextmanager
def window(node: NetnsNode, *, is_open: bool) -> Iterator[None]:
    """Open or shut the probe's strict window."""
    with window_as_it_was(node):
        if is_open:
            strict_window.open_again(node)
        else:
            strict_window.close(node)
        yield


@contextmanager
def window_as_it_was(node: NetnsNode) -> Iterator[None]:
    """On the way out calico-node has started on `node` as long ago, by the probe's clock, as on the way in."""
    age = strict_window.age(node)
    try:
        yield
    finally:
        when = datetime.now(UTC).timestamp() - age
        node.run(["touch", f"--date=@{when:.6f}", strict_window.NODENAME_FILE])


def injecting(scene: Scene, change: Callable[[Any], Any], *, then: Callable[[], None] | None = None) -> None:
    """Have the check inject another fault than it asks for; and, if asked, do something more then."""
    inject = scene.arguments["inject"]

    def inject_another(fault: Any) -> Any:
        done = inject(change(fault))
        if then is not None:
            then()
        return done

    scene.arguments["inject"] = inject_another


def nothing(*_: object, **__: object) -> None:
    """What an act is replaced by that is not to happen."""
