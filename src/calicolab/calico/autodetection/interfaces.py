"""How calico-node looks through a node's interfaces (interfaces.go and filtered.go, unchanged from v3.21 to v3.31)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico.autodetection import addresses, expressions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network

    from calicolab.calico.autodetection.facts import Layout, Link


class NothingFound(Exception):
    """No address; the text is the reason, as calico-node words it."""


@dataclass(frozen=True)
class Owned:
    """An address and the name of the interface that has it."""

    interface: str
    address: IPv4Interface


def newest_first(layout: Layout) -> list[Link]:
    """The interfaces from the highest index down.

    calico-node turns round the list that it gets from the kernel, and that is sorted by index (seen on Linux 6.18).
    """
    return sorted(layout.links, key=lambda link: link.index, reverse=True)


def owner(layout: Layout, address: IPv4Address) -> Owned | None:
    """The first interface with this address."""
    for owned in _walk(newest_first(layout)):
        if owned.address.ip == address:
            return owned
    return None


def first(
    layout: Layout,
    *,
    included: Sequence[str] = (),
    excluded: Sequence[str] = (),
    networks: Sequence[IPv4Network | IPv6Network] = (),
) -> Owned:
    """The first global unicast address on an interface whose name passes, within one of the networks if there are any.

    Whether an interface is up, how long its prefix is and whether it routes anywhere is not looked at.

    Raises:
        NothingFound: there is none, or an expression is invalid.
    """
    passing = named(layout, included=included, excluded=excluded)
    if not passing:
        raise NothingFound("no valid host interfaces found")
    for owned in _walk(passing):
        address = owned.address.ip
        within = not networks or any(address in network for network in networks)
        if addresses.is_global_unicast(address) and within:
            return owned
    raise NothingFound("no valid IPv4 addresses found on the host interfaces")


def named(layout: Layout, *, included: Sequence[str] = (), excluded: Sequence[str] = ()) -> list[Link]:
    """The interfaces, newest first, whose names match one of `included` (any, if none) and none of `excluded`.

    Raises:
        NothingFound: an expression is invalid.
    """
    try:
        wanted = expressions.matcher(included) if included else None
        unwanted = expressions.matcher(excluded) if excluded else None
    except expressions.InvalidExpression as error:
        raise NothingFound(str(error)) from error
    return [
        link
        for link in newest_first(layout)
        if (wanted is None or wanted.search(link.name)) and not (unwanted and unwanted.search(link.name))
    ]


def _walk(links: Sequence[Link]) -> Iterator[Owned]:
    for link in links:
        for text in link.addresses:
            address = addresses.with_prefix(text)
            if address is not None:
                yield Owned(link.name, address)
