"""Addresses as Go's package net reads and writes them, which calico-node leaves them to."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network

#: What net.IP.IsGlobalUnicast refuses, IPv4: private addresses and those of class E pass.
_LIMITED_BROADCAST = IPv4Address("255.255.255.255")


@dataclass(frozen=True)
class Parsed:
    """An IP address in a text, of IPv4 or else of IPv6. `prefix` is None when the text has none."""

    ipv4: IPv4Address | None
    prefix: int | None
    ipv6: IPv6Address | None = None


def parse(text: str) -> Parsed | None:
    """Read an address with or without prefix length (net.ParseCIDR, then net.ParseIP); None when it is neither.

    An IPv4 address mapped into IPv6 (::ffff:10.0.0.2) counts as IPv4, as net.IP.To4 has it.
    """
    address, slash, mask = text.partition("/")
    if "%" in address:  # net.ParseIP takes no zone
        return None
    found = _address(address)
    if found is None:
        return None
    bits = 32 if isinstance(found, IPv4Address) else 128
    prefix = _prefix(mask, most=bits) if slash else None
    if slash and prefix is None:
        return None
    if isinstance(found, IPv4Address):
        return Parsed(found, prefix)
    if found.ipv4_mapped is not None and (prefix is None or prefix >= 96):
        return Parsed(found.ipv4_mapped, None if prefix is None else prefix - 96)
    return Parsed(None, prefix, found)


def with_prefix(text: str) -> IPv4Interface | None:
    """An IPv4 address that must have its prefix length; None when it is no such thing."""
    parsed = parse(text)
    if parsed is None or parsed.ipv4 is None or parsed.prefix is None:
        return None
    return IPv4Interface((parsed.ipv4, parsed.prefix))


def normal(parsed: Parsed) -> str:
    """How an IPv4 address is stored: with a prefix length, /32 where none was given (libcalico-go lib/net/ipnet.go)."""
    return f"{parsed.ipv4}/{32 if parsed.prefix is None else parsed.prefix}"


def network(text: str) -> IPv4Network | IPv6Network:
    """The network of a CIDR, whose address may have host bits.

    Raises:
        ValueError: it is no CIDR.
    """
    parsed = parse(text)
    if parsed is None or parsed.prefix is None:
        raise ValueError(text)
    if parsed.ipv6 is not None:
        return IPv6Network((parsed.ipv6, parsed.prefix), strict=False)
    return IPv4Network((parsed.ipv4, parsed.prefix), strict=False)


def is_global_unicast(address: IPv4Address) -> bool:
    """Whether net.IP.IsGlobalUnicast says so."""
    return not (
        address == _LIMITED_BROADCAST
        or address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    for kind in (IPv4Address, IPv6Address):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _prefix(text: str, *, most: int) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    prefix = int(text)
    return prefix if prefix <= most else None
