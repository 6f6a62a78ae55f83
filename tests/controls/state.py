"""How a lab stands: all that a sabotage may change, so that it can be seen to be as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.calico import node_layout
from calicolab.calico.bird_errors import BirdError
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calicolab.calico.facts import Interface, Session
    from calicolab.labs.netns.lab import NetnsLab
    from calicolab.labs.netns.node import NetnsNode

ENABLED = "/etc/service/enabled"
#: The services that BGP and the probe rest on. Another, complete-startup of v3.31, comes and goes.
SERVICES = ("bird", "confd", "felix")


@dataclass(frozen=True)
class NodeState:
    """What is set on one node. Interfaces without their indexes: one that was made anew is as it was."""

    runs: bool
    settings: Mapping[str, str]
    interfaces: frozenset[tuple[Any, ...]]
    #: What runit says of each of SERVICES: "run", "down", "paused".
    services: Mapping[str, str]
    felix_ready: bool

    @property
    def up(self) -> bool:
        """Whether calico-node is ended, or all of it runs."""
        return not self.runs or (self.felix_ready and set(self.services.values()) == {"run"})

    def __str__(self) -> str:
        links = ", ".join(
            f"{name} {state} {mtu} {' '.join(addresses)}".strip()
            for name, _, state, _, mtu, addresses in sorted(self.interfaces, key=str)
        )
        felix = "ready" if self.felix_ready else "not ready"
        return f"{self.services}, felix {felix}, {links}" if self.runs else f"ended, {links}"


@dataclass(frozen=True)
class LabState:
    """What is set in the lab, and what its BIRDs have made of it."""

    nodes: Mapping[str, NodeState]
    pods: tuple[str, ...]
    #: The BGP address of each Node resource, with its prefix length.
    stored: Mapping[str, str | None]
    mesh_enabled: bool
    bgp_peers: tuple[str, ...]
    faults: tuple[str, ...]
    etcd: tuple[tuple[str, ...], ...]
    #: Of each node its peers by address and whether BGP calls them Established; None when its BIRD is silent.
    sessions: Mapping[str, Mapping[str, bool] | None]
    #: The sessions that there are once everything that is set has arrived.
    sessions_due: Mapping[str, Mapping[str, bool] | None]

    @property
    def settled(self) -> bool:
        """Whether every part that runs is up, and BIRD's sessions are those that the settings lead to."""
        return all(node.up for node in self.nodes.values()) and self.sessions == self.sessions_due

    def same_as(self, other: LabState) -> bool:
        """Whether the same is set."""
        return self._set() == other._set()

    def __str__(self) -> str:
        lines = [f"{name}: {node}" for name, node in self.nodes.items()]
        lines += [
            f"{name}: sessions {sessions}, due {self.sessions_due[name]}"
            for name, sessions in self.sessions.items()
            if sessions != self.sessions_due[name]
        ]
        lines.append(f"addresses {dict(self.stored)}, mesh {'on' if self.mesh_enabled else 'off'}")
        lines.append(f"BGPPeers {self.bgp_peers}, faults {self.faults}, pods {self.pods}")
        return "; ".join(lines)

    def _set(self) -> tuple[object, ...]:
        return (
            *(self.nodes, self.pods, self.stored, self.mesh_enabled, self.bgp_peers),
            *(self.faults, self.etcd),
        )


def look(lab: NetnsLab) -> LabState:
    """How the lab stands now. Its pods are made first if need be, so that they are there before and after."""
    pods = tuple(f"{pod.name} {pod.address}" for pod in lab.pods)
    calicoctl = lab.calicoctl
    with ThreadPoolExecutor(max_workers=4) as pool:
        addresses = pool.submit(calicoctl.node_addresses)
        enabled = pool.submit(calicoctl.mesh_enabled)
        peers = pool.submit(calicoctl.get, "bgppeers")
        addresses_of_pods = {pod.address for pod in lab.pods}
        states = pool.map(lambda node: _look_at(node, addresses_of_pods), lab.nodes)
        nodes = dict(zip([node.name for node in lab.nodes], states, strict=True))
    stored = {address.node: address.ipv4 for address in addresses.result()}
    return LabState(
        nodes=nodes,
        pods=pods,
        stored=stored,
        mesh_enabled=enabled.result(),
        bgp_peers=tuple(sorted(peer["metadata"]["name"] for peer in peers.result()["items"])),
        faults=tuple(fault.name for fault in lab.faults.active),
        # Of the kind lab's etcd no control changes anything: it is Kubernetes' as well.
        etcd=tuple(_argv(container) for container in lab.etcd.containers),
        sessions={node.name: _sessions(node) for node in lab.nodes},
        sessions_due=_sessions_due(lab.nodes, nodes, stored=stored, mesh=enabled.result()),
    )


def _look_at(node: NetnsNode, pods: Collection[str]) -> NodeState:
    running = node.calico.running
    return NodeState(
        runs=running,
        settings=node.calico.environment,
        interfaces=frozenset(
            (link.name, link.kind, link.state, link.carrier, link.mtu, link.addresses)
            for link in _interfaces(node, pods)
        ),
        services=_services(node) if running else {},
        felix_ready=running and _felix_ready(node),
    )


def _interfaces(node: NetnsNode, pods: Collection[str]) -> Sequence[Interface]:
    """The node's interfaces; on Kubernetes without those of pods that are not the lab's: its own tests' come and go."""
    found = node.calico.interfaces()
    if not hasattr(node.calico, "pod"):
        return found
    routes = node_layout.read(node).routes
    ours = {route.link for route in routes if route.destination.removesuffix("/32") in pods}
    return [link for link in found if link.name in ours or not link.name.startswith("cali")]


def _argv(container: Any) -> tuple[str, ...]:
    """What a member of etcd was started with; of the kind lab's no more than its name is known here."""
    return tuple(getattr(container, "argv", (str(container),)))


def _services(node: NetnsNode) -> dict[str, str]:
    said = node.calico.run_status(["sv", "status", *SERVICES]).stdout.splitlines()
    return {
        line.split(":")[1].strip(): "paused" if "paused" in line else line.split(":")[0]
        for line in said
        if line
    }


def _felix_ready(node: NetnsNode) -> bool:
    try:
        return node.calico.felix_readiness(threshold=3).ready
    except LabError:  # calico-node has only just been started, and gives no answer yet
        return False


def _sessions(node: NetnsNode) -> dict[str, bool] | None:
    try:
        return {session.peer: _established(session) for session in node.calico.sessions()}
    except BirdError:
        return None


def _established(session: Session) -> bool:
    """As the probe counts: a BIRD that waits for a peer to restart has its living sessions in another state than up."""
    return session.bgp_state == "Established"


def _sessions_due(
    nodes: Sequence[NetnsNode],
    states: Mapping[str, NodeState],
    *,
    stored: Mapping[str, str | None],
    mesh: bool,
) -> dict[str, dict[str, bool] | None]:
    """A node that runs has all others as peers, under their stored addresses; those with their own one answer.

    One without an address, or with this node's own, is no peer.
    """
    address = {node.name: (stored.get(node.name) or "").partition("/")[0] for node in nodes}
    answers = {node.name: states[node.name].runs and address[node.name] == node.address for node in nodes}
    due: dict[str, dict[str, bool] | None] = {}
    for node in nodes:
        strange = ("", address[node.name])
        peers = [other.name for other in nodes if mesh and address[other.name] not in strange]
        due[node.name] = (
            {address[peer]: answers[node.name] and answers[peer] for peer in peers}
            if states[node.name].runs
            else None
        )
    return due


def sessions_of(node: Any) -> tuple[Session, ...]:
    """The sessions of a node; none while its BIRD is silent."""
    try:
        return tuple(node.calico.sessions())
    except BirdError:
        return ()
