"""A machine's interfaces and routes as the autodetection model wants them, read by netlink."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from calicolab.calico.autodetection import Layout, Link, Route
from calicolab.host.network_namespace import interfaces, netlink

if TYPE_CHECKING:
    from pathlib import Path

#: linux/rtnetlink.h: the main table, a route to somewhere, and who made it: the kernel, for an address.
_MAIN, _UNICAST, _BY_KERNEL = 254, 1, 2


def read_layout(namespace: Path) -> Layout:
    """The layout of the machine whose network namespace this is, such as /proc/self/ns/net.

    The main table only, IPv4 only; routes over several links at once, which the model does not know, are left out.
    """
    found = interfaces(namespace)
    names = {one.index: one.name for one in found}
    with netlink(namespace) as link:
        answers = list(link.get_routes(family=socket.AF_INET, table=_MAIN))
    routes = [_route(answer, names) for answer in answers if answer["proto"] != _BY_KERNEL]
    return Layout(
        links=tuple(Link(one.name, one.index, one.addresses, up=one.up) for one in found),
        routes=tuple(route for route in routes if route is not None),
    )


def _route(answer: Any, names: dict[int, str]) -> Route | None:
    index = answer.get_attr("RTA_OIF")
    if answer["type"] != _UNICAST or index not in names:
        return None
    destination = answer.get_attr("RTA_DST")
    network = IPv4Network((destination, answer["dst_len"])) if destination else None
    return Route(
        str(network) if network is not None else "default",
        names[index],
        via=answer.get_attr("RTA_GATEWAY") or "",
        source=answer.get_attr("RTA_PREFSRC") or "",
        metric=answer.get_attr("RTA_PRIORITY") or 0,
    )
