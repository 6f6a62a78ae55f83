"""What the model is told of a node, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: take: the address in the settings or the detected one is stored, whether or not the same was stored before.
#: keep: what is stored stays, as no address was looked for or none was found; with kubernetes-internal-ip, which logs
#: no address, also as the same was found.
#: none: calico-node runs, and has no address (CALICO_NETWORKING_BACKEND=none only).
#: die: it ends with exit code 1, and Kubernetes or runit starts it again.
Outcome = Literal["take", "keep", "none", "die"]


@dataclass(frozen=True)
class Link:
    """An interface with its IPv4 addresses, each with its prefix length, in the order `ip -4 address` shows them."""

    name: str
    #: calico-node looks at interfaces from the highest index down.
    index: int
    addresses: tuple[str, ...] = ()
    #: Whether it is administratively up. It matters to routes only: calico-node takes the address of one that is down.
    up: bool = True


@dataclass(frozen=True)
class Route:
    """A route of the main table that no address brings with it."""

    #: A network such as "10.0.0.0/8", or "default".
    destination: str
    #: Name of the interface it leaves by.
    link: str
    #: The gateway; "" when the destination is on the link itself.
    via: str = ""
    #: The address it prefers to send from; "" leaves the choice to the kernel.
    source: str = ""
    metric: int = 0


@dataclass(frozen=True)
class Layout:
    """A node's interfaces and routes. Networks of addresses on links that are up have their routes by themselves."""

    links: tuple[Link, ...] = ()
    #: The gateway of the default route, on whichever link has it in its network; None when there is no such route.
    default_route_via: str | None = None
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Settings:
    """calico-node's environment, as far as it matters."""

    #: IP: "autodetect", "none", an address with or without prefix length; "" and None alike for one that is not set.
    ip: str | None = "autodetect"
    #: IP_AUTODETECTION_METHOD; None for one that is not set, which means first-found.
    method: str | None = None
    #: The IPv4 InternalIP of the Kubernetes Node; None when it has none, or calico-node runs without Kubernetes.
    kubernetes_internal_ip: str | None = None
    #: False for DISABLE_NODE_IP_CHECK=true.
    node_ip_check: bool = True
    #: CALICO_NETWORKING_BACKEND: with "none" Calico does policy only, and needs no address.
    backend: str = "bird"
    #: Whether calico-node has a Kubernetes API to ask.
    kubernetes: bool = False


@dataclass(frozen=True)
class Recorded:
    """An interface as v3.31 notes it in the Node: addresses without prefix lengths."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stored:
    """What the datastore holds when calico-node starts."""

    #: spec.bgp.ipv4Address of this node; None when there is none.
    address: str | None = None
    #: The same of the other nodes, by name.
    others: Mapping[str, str] = field(default_factory=dict)
    #: spec.interfaces of this node, which v3.31 and newer note.
    interfaces: tuple[Recorded, ...] = ()
    #: Whether this node has a Node resource at all; one with an address has.
    exists: bool = False


@dataclass(frozen=True)
class Decision:
    """What calico-node does.

    `address` is what the Node holds afterwards, "" for none: after a conflict with IP=autodetect it is none even where
    one was stored.
    """

    outcome: Outcome
    address: str = ""
    #: The interface that has the address, as far as one has it.
    interface: str = ""
    #: Name of the other node that has the address already.
    conflict: str = ""
    #: What it logs about it, word for word.
    message: str = ""
