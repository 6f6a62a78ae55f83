"""What the model is asked about must be able to be: a sentence about what is wrong with it, if it is not."""

from __future__ import annotations

from collections import Counter
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from calicolab.calico.autodetection import addresses, reach
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.calico.autodetection.facts import Layout, Link, Route, Settings, Stored

#: Characters of an interface's name (linux/if.h, IFNAMSIZ less the zero byte).
NAME_LENGTH = 15
BACKENDS = ("bird", "vxlan", "none")


def check(layout: Layout, settings: Settings, stored: Stored) -> None:
    """Raise UsageError when something cannot be."""
    _check_layout(layout)
    if settings.backend not in BACKENDS:
        raise UsageError(f"backend {settings.backend!r} is unknown: known are {', '.join(BACKENDS)}")
    for what, address in (("the stored address", stored.address), *_others(stored)):
        if address is not None and not _is_ipv4(address):
            raise UsageError(f"{what} {address!r} is no IPv4 address: write it like 10.0.0.2/24")
    if settings.kubernetes_internal_ip is not None:
        _ipv4(settings.kubernetes_internal_ip, "the Kubernetes Node's InternalIP")


def _check_layout(layout: Layout) -> None:
    for link in layout.links:
        _check_link(link)
    for what, values in (
        ("name", Counter(link.name for link in layout.links)),
        ("index", Counter(str(link.index) for link in layout.links)),
    ):
        for value, count in values.items():
            if count > 1:
                raise UsageError(f"{count} interfaces have the {what} {value}: each has its own")
    for route in layout.routes:
        _check_route(layout, route)
    if layout.default_route_via is not None:
        _ipv4(layout.default_route_via, "the default route's gateway")
    reach.table(layout)


def _others(stored: Stored) -> list[tuple[str, str | None]]:
    return [(f"the address of node {name}", address or None) for name, address in stored.others.items()]


def _check_link(link: Link) -> None:
    if not 0 < len(link.name.encode()) <= NAME_LENGTH or "/" in link.name or any(map(str.isspace, link.name)):
        raise UsageError(
            f"{link.name!r} is no name of an interface: it has 1 to {NAME_LENGTH} characters, none a space or a slash"
        )
    if link.index < 1:
        raise UsageError(f"interface {link.name} has index {link.index}: the first is 1")
    for address in link.addresses:
        if addresses.with_prefix(address) is None:
            raise UsageError(
                f"interface {link.name} has address {address!r}: write an IPv4 address with its prefix length, "
                "like 10.0.0.2/24"
            )


def _check_route(layout: Layout, route: Route) -> None:
    if not any(link.name == route.link and link.up for link in layout.links):
        raise UsageError(
            f"route {route.destination} leaves by {route.link}, which is no interface of this node that is up"
        )
    if route.destination != "default":
        try:
            IPv4Network(route.destination)
        except ValueError as error:
            raise UsageError(f"route to {route.destination!r}: {error}; write it like 10.0.0.0/8") from error
    for what, address in (("gateway", route.via), ("source", route.source)):
        if address:
            _ipv4(address, f"the {what} of route {route.destination}")
    own = {text.partition("/")[0] for link in layout.links for text in link.addresses}
    if route.source and (route.source not in own or IPv4Address(route.source).is_multicast):
        raise UsageError(
            f"the source {route.source} of route {route.destination} is no address of this node that can be sent from"
        )


def _ipv4(text: str, what: str) -> None:
    try:
        IPv4Address(text)
    except AddressValueError as error:
        raise UsageError(f"{what} is {text!r}, which is no IPv4 address") from error


def _is_ipv4(text: str) -> bool:
    parsed = addresses.parse(text)
    return parsed is not None and parsed.ipv4 is not None
