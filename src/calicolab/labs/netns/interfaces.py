"""A machine's interfaces as facts, by netlink."""

from __future__ import annotations

import socket
from collections import defaultdict
from typing import TYPE_CHECKING

from calicolab.calico.facts import Interface
from calicolab.labs.netns.network import netlink

if TYPE_CHECKING:
    from calicolab.labs.netns.machine import Machine


def interfaces(machine: Machine) -> tuple[Interface, ...]:
    """The interfaces of `machine`, by index; addresses with their prefix lengths, IPv4 only."""
    with netlink(machine.init) as link:
        links = link.get_links()
        addresses: defaultdict[int, list[str]] = defaultdict(list)
        for address in link.get_addr(family=socket.AF_INET):
            # IFA_LOCAL is the interface's own; on a point-to-point link IFA_ADDRESS is the other end's.
            addresses[address["index"]].append(f"{address.get_attr('IFA_LOCAL')}/{address['prefixlen']}")
    return tuple(
        Interface(
            index=item["index"],
            name=item.get_attr("IFLA_IFNAME"),
            kind=_kind(item),
            state=str(item.get_attr("IFLA_OPERSTATE")),
            carrier=bool(item.get_attr("IFLA_CARRIER")),
            mtu=item.get_attr("IFLA_MTU"),
            addresses=tuple(addresses[item["index"]]),
        )
        for item in sorted(links, key=lambda item: int(item["index"]))
    )


def _kind(item: object) -> str:
    information = item.get_attr("IFLA_LINKINFO")  # type: ignore[attr-defined] # pyroute2 publishes no types
    return str(information.get_attr("IFLA_INFO_KIND")) if information is not None else ""
