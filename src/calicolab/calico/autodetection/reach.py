"""From which address the kernel sends to a destination: what the method can-reach asks it by connecting a UDP socket.

Linux, one routing table as it is without rules of its own: longest prefix first, then the node's own addresses, then
the lower metric, then what was there first. Interfaces are taken to have come up in the order of their index, and one
that is down to have never been up: the kernel knows its address all the same (net/ipv4/fib_frontend.c, fib_add_ifaddr).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TYPE_CHECKING

from calicolab.calico.autodetection import addresses
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.calico.autodetection.facts import Layout, Link, Route

_ANYWHERE = IPv4Network("0.0.0.0/0")
#: The kernel's INADDR_ANY: what it sends from on a node without an address.
_UNSPECIFIED = IPv4Address(0)


class Refused(Exception):
    """The kernel does not connect; the text is its error, as Go words it."""


@dataclass(frozen=True)
class Entry:
    """A route as the kernel has it; `source` is None when the interface has no address and no other one has."""

    network: IPv4Network
    link: str
    source: IPv4Address | None
    #: The node's own addresses and broadcasts come before other routes of the same length.
    local: bool = False
    metric: int = 0
    by_gateway: bool = False


def source_for(layout: Layout, destination: IPv4Address) -> IPv4Address:
    """The address from which a packet to `destination` would leave; 0.0.0.0 where no interface has one.

    Raises:
        Refused: no route leads there, or its interface may not send from its own loopback address: only lo may
            (net/ipv4/route.c, __mkroute_output; route_localnet is off).
        UsageError: the destination is a multicast address, which takes other ways in the kernel.
    """
    if destination.is_multicast:
        raise UsageError(f"the model does not know how multicast leaves a node: {destination} is no host")
    entry = _lookup(table(layout), destination)
    if entry is None:
        raise Refused("network is unreachable")
    source = _UNSPECIFIED if entry.source is None else entry.source
    if source.is_loopback and entry.link != "lo" and not _owns(layout, destination):
        raise Refused("invalid argument")
    return source


def table(layout: Layout) -> list[Entry]:
    """All routes of a node, in the order in which they come to be.

    Raises:
        UsageError: a route cannot be, as nothing leads to its gateway.
    """
    entries = [
        entry for link in sorted(layout.links, key=lambda link: link.index) for entry in _connected(link)
    ]
    for route in layout.routes:
        entries.append(_routed(layout, route, entries))
    if layout.default_route_via is not None:
        entries.append(_default(layout, IPv4Address(layout.default_route_via), entries))
    return entries


def is_secondary(address: IPv4Interface, before: list[IPv4Interface]) -> bool:
    """Whether an address is a secondary one: an earlier one of its interface has the same network."""
    return any(earlier.network == address.network for earlier in before)


def _connected(link: Link) -> list[Entry]:
    """The routes that an interface's addresses bring with them."""
    entries: list[Entry] = []
    primaries: dict[IPv4Network, IPv4Address] = {}
    for address in filter(None, map(addresses.with_prefix, link.addresses)):
        network = address.network
        secondary = network in primaries
        primary = primaries.setdefault(network, address.ip)
        entries.append(Entry(IPv4Network(address.ip), link.name, primary, local=True))
        if not link.up or secondary or network.prefixlen == 32 or _is_zeronet(network):
            continue
        entries.append(Entry(network, link.name, primary, local=link.name == "lo"))
        if network.prefixlen < 31:
            entries.append(Entry(IPv4Network(network.broadcast_address), link.name, primary, local=True))
    return entries


def _routed(layout: Layout, route: Route, entries: list[Entry]) -> Entry:
    network = _ANYWHERE if route.destination == "default" else IPv4Network(route.destination)
    _refuse_second(network, route.metric, entries)
    via = IPv4Address(route.via) if route.via else None
    if via is not None:
        own = [entry for entry in entries if entry.link == route.link]
        way = _lookup([entry for entry in own if not entry.by_gateway], via)
        if way is None or way.local:
            raise UsageError(
                f"the gateway {via} of route {route.destination} is on no network of {route.link}"
            )
    source = IPv4Address(route.source) if route.source else _preferred(layout, route.link, towards=via)
    return Entry(network, route.link, source, metric=route.metric, by_gateway=via is not None)


def _default(layout: Layout, via: IPv4Address, entries: list[Entry]) -> Entry:
    _refuse_second(_ANYWHERE, 0, entries)
    way = _lookup([entry for entry in entries if not entry.by_gateway], via)
    if way is None or way.local:
        raise UsageError(
            f"the gateway {via} of the default route is on no network of an interface that is up"
        )
    return Entry(_ANYWHERE, way.link, _preferred(layout, way.link, towards=via), by_gateway=True)


def _refuse_second(network: IPv4Network, metric: int, entries: list[Entry]) -> None:
    if any((entry.network, entry.metric) == (network, metric) for entry in entries if not entry.local):
        raise UsageError(
            f"there are two routes to {network} with metric {metric}: each has a metric of its own"
        )


def _preferred(layout: Layout, name: str, *, towards: IPv4Address | None) -> IPv4Address | None:
    """The address that the kernel sends from by a route that names none (net/ipv4/devinet.c, inet_select_addr).

    The interface's primary one in the gateway's network, or else its first; or else the first of another interface.
    """
    by_index = sorted(layout.links, key=lambda link: link.index)
    own = [address for link in by_index if link.name == name for address in _primaries(link)]
    for address in own:
        if towards is not None and towards in address.network:
            return address.ip
    others = [address for link in by_index if link.name != name for address in _primaries(link)]
    return next((address.ip for address in own + [one for one in others if not one.ip.is_loopback]), None)


def _primaries(link: Link) -> list[IPv4Interface]:
    found: list[IPv4Interface] = []
    for address in filter(None, map(addresses.with_prefix, link.addresses)):
        if not is_secondary(address, found):
            found.append(address)
    return found


def _lookup(entries: list[Entry], destination: IPv4Address) -> Entry | None:
    matching = [entry for entry in entries if destination in entry.network]
    if not matching:
        return None
    # min() keeps the first of equals, as the kernel does.
    return min(matching, key=lambda entry: (-entry.network.prefixlen, not entry.local, entry.metric))


def _owns(layout: Layout, destination: IPv4Address) -> bool:
    return any(
        address is not None and address.ip == destination
        for link in layout.links
        for address in map(addresses.with_prefix, link.addresses)
    )


def _is_zeronet(network: IPv4Network) -> bool:
    return int(network.network_address) >> 24 == 0
