"""A layout's interfaces, addresses and routes in a machine's network namespace, by netlink; and away again."""

from __future__ import annotations

import socket
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING, Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from calicolab.calico.autodetection.case import LOOPBACK
from calicolab.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Self

    from calicolab.calico.autodetection import Layout, Link, Route

#: All that is made here is of this interface group: the kernel removes a group at once, however many it has.
_GROUP = 77


class Links:
    """The interfaces in one network namespace; not for several threads at once.

    Args:
        namespace: the network namespace.
        parking: number of a process in whose network namespace the other ends of cables lie.
    """

    def __init__(self, namespace: Path, *, parking: int) -> None:
        self._link: Any = IPRoute(netns=str(namespace))
        self._parking = parking

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def loopback_up(self) -> None:
        """Bring lo up, with 127.0.0.1/8, which the kernel gives it."""
        self._link.link("set", index=LOOPBACK.index, state="up")

    def build(self, layout: Layout) -> None:
        """Make the interfaces, in the order of their index, and the routes; and see that all is as it should be.

        Raises:
            UsageError: the kernel refuses something, or has another idea of the order of addresses.
            LabError: lo is not as in the layout.
        """
        links = sorted(layout.links, key=lambda link: link.index)
        _check_loopback(links)
        for link in links:
            try:
                self._add(link)
            except NetlinkError as error:
                raise UsageError(f"this kernel does not make interface {link.name} so: {error}") from error
        for route in layout.routes:
            self._route(layout, route)
        if layout.default_route_via is not None:
            try:
                self._link.route("add", dst="default", gateway=layout.default_route_via)
            except NetlinkError as error:
                raise UsageError(f"default route via {layout.default_route_via}: {error}") from error
        self._verify(links)

    def clear(self) -> None:
        """Remove all that `build` made."""
        try:
            self._link.link("del", index=0, group=_GROUP)
        except NetlinkError as error:
            if error.code != 19:  # no such device: nothing was made
                raise LabError(f"the interfaces of the last layout cannot be removed: {error}") from error
        for address in self._link.get_addr(family=socket.AF_INET, index=LOOPBACK.index):
            text = f"{address.get_attr('IFA_LOCAL')}/{address['prefixlen']}"
            if text not in LOOPBACK.addresses:
                self._address("del", LOOPBACK.index, text)

    def _add(self, link: Link) -> None:
        if link.name == LOOPBACK.name:
            for address in link.addresses[len(LOOPBACK.addresses) :]:
                self._address("add", link.index, address)
            return
        self._link.link("add", ifname=link.name, index=link.index, group=_GROUP, **self._kind(link))
        for address in link.addresses:
            self._address("add", link.index, address)
        if link.up:
            self._link.link("set", index=link.index, state="up")

    def _kind(self, link: Link) -> dict[str, Any]:
        """What the name promises, as far as this kernel has it; calico-node does not look."""
        if link.name.startswith(("eth", "en", "veth", "cali", "ibmveth")):
            return {"kind": "veth", "peer": {"net_ns_pid": self._parking}}
        if link.name.startswith("vxlan"):
            return {"kind": "vxlan", "vxlan_id": 4096 + link.index, "vxlan_port": 4789}
        if link.name.startswith(("tun", "wg", "tailscale", "ppp")):
            return {"kind": "ifb"}
        return {"kind": "bridge"}

    def _address(self, action: str, index: int, text: str) -> None:
        address = IPv4Interface(text)
        self._link.addr(action, index=index, address=str(address.ip), prefixlen=address.network.prefixlen)

    def _route(self, layout: Layout, route: Route) -> None:
        index = next(link.index for link in layout.links if link.name == route.link)
        asked: dict[str, Any] = {
            "family": socket.AF_INET,
            "dst": route.destination,
            "oif": index,
            "priority": route.metric,
        }
        if route.via:
            asked["gateway"] = route.via
        else:
            asked["scope"] = 253  # link (rtnetlink(7)), as `ip route add ... dev` has it
        if route.source:
            asked["prefsrc"] = route.source
        try:
            self._link.route("add", **asked)
        except NetlinkError as error:
            raise UsageError(f"route {route.destination} by {route.link}: {error}") from error

    def _verify(self, links: Iterable[Link]) -> None:
        found: dict[int, list[str]] = {link.index: [] for link in links}
        for address in self._link.get_addr(family=socket.AF_INET):
            found.setdefault(address["index"], []).append(
                f"{address.get_attr('IFA_LOCAL')}/{address['prefixlen']}"
            )
        for link in links:
            if tuple(found.pop(link.index)) != link.addresses:
                raise UsageError(
                    f"the kernel does not list the addresses of {link.name} in this order: first those that are alone "
                    "in their network, or the first in it, then the rest"
                )
        if found:
            raise LabError(f"the namespace has addresses besides the layout's: {found}")


def _check_loopback(links: list[Link]) -> None:
    first = links[0] if links else None
    if (
        first is None
        or (first.name, first.index, first.up) != (LOOPBACK.name, LOOPBACK.index, True)
        or first.addresses[:1] != LOOPBACK.addresses
    ):
        raise UsageError(
            "the real program finds its etcd at 127.0.0.1: give the layout lo with index 1, up, and 127.0.0.1/8 first"
        )
