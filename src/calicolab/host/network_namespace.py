"""Other network namespaces, by the path of their file (/proc/<pid>/ns/net): netlink and sockets in them."""

from __future__ import annotations

import ctypes
import socket
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyroute2 import IPRoute

from calicolab.calico.facts import Interface

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CLONE_NEWNET = 0x40000000
#: linux/if.h
_IFF_UP = 1


@contextmanager
def netlink(namespace: Path) -> Iterator[Any]:
    """A netlink socket in `namespace`."""
    with IPRoute(netns=str(namespace)) as link:
        yield link


@contextmanager
def entered(namespace: Path) -> Iterator[None]:
    """Let this thread open its sockets in `namespace`; back to its own on the way out."""
    with open("/proc/thread-self/ns/net", "rb") as own, namespace.open("rb") as other:  # noqa: PTH123
        _setns(other.fileno())
        try:
            yield
        finally:
            _setns(own.fileno())


def interfaces(namespace: Path) -> tuple[Interface, ...]:
    """The interfaces in `namespace`, by index; addresses with their prefix lengths, IPv4 only."""
    with netlink(namespace) as link:
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
            up=bool(item["flags"] & _IFF_UP),
        )
        for item in sorted(links, key=lambda item: int(item["index"]))
    )


def _kind(item: object) -> str:
    information = item.get_attr("IFLA_LINKINFO")  # type: ignore[attr-defined] # pyroute2 publishes no types
    return str(information.get_attr("IFLA_INFO_KIND")) if information is not None else ""


def _setns(descriptor: int) -> None:
    # os.setns comes with Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
