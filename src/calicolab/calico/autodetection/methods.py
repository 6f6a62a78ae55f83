"""The autodetection methods, IP_AUTODETECTION_METHOD (autodetection_methods.go; v3.21: startup.go)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from calicolab.calico.autodetection import addresses, expressions, interfaces, reach
from calicolab.calico.autodetection.interfaces import NothingFound
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from calicolab.calico.autodetection.facts import Layout, Settings
    from calicolab.calico.autodetection.rules import Rules

FIRST_FOUND = "first-found"
INTERFACE, SKIP_INTERFACE, CIDR, CAN_REACH = "interface=", "skip-interface=", "cidr=", "can-reach="
KUBERNETES_INTERNAL_IP = "kubernetes-internal-ip"

_LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True)
class Detected:
    """What a method came to: an address with its prefix length, or "" for none. `lines` is what it logs."""

    address: str
    interface: str
    lines: tuple[str, ...]


class InvalidMethod(Exception):
    """There is no such method: calico-node ends at once, whatever is stored."""


@dataclass(frozen=True)
class _Question:
    """What a method is asked: `value` is what follows its name."""

    value: str
    layout: Layout
    settings: Settings
    rules: Rules


def detect(layout: Layout, settings: Settings, rules: Rules) -> Detected:
    """Look for an address by the method in the settings.

    Raises:
        InvalidMethod: it is none.
        UsageError: the model cannot tell, as the answer depends on name servers.
    """
    method = settings.method or FIRST_FOUND
    for start, ask in _METHODS.items():
        known = start != KUBERNETES_INTERNAL_IP or rules.kubernetes_internal_ip != "unknown"
        matches = method == start if start == FIRST_FOUND else method.startswith(start)
        if known and matches:
            return ask(_Question(method.removeprefix(start), layout, settings, rules))
    raise InvalidMethod(f"Invalid IP autodetection method: {method}")


def _first_found(question: _Question) -> Detected:
    try:
        found = interfaces.first(question.layout, excluded=question.rules.excluded)
    except NothingFound as error:
        return _nothing(f"Unable to auto-detect an IPv4 address: {error}")
    return _found(found, f"Using autodetected IPv4 address on interface {found.interface}: {found.address}")


def _interface(question: _Question) -> Detected:
    wanted = expressions.split(question.value)
    try:
        found = interfaces.first(question.layout, included=wanted)
    except NothingFound as error:
        return _nothing(
            f"Unable to auto-detect an IPv4 address using interface regexes {_list(wanted)}: {error}"
        )
    said = f"Using autodetected IPv4 address {found.address} on matching interface {found.interface}"
    return _found(found, said)


def _skip_interface(question: _Question) -> Detected:
    unwanted = expressions.split(question.value)
    try:
        found = interfaces.first(question.layout, excluded=(*question.rules.excluded, *unwanted))
    except NothingFound as error:
        return _nothing(f"Unable to auto-detect an IPv4 address while excluding {_list(unwanted)}: {error}")
    said = f"Using autodetected IPv4 address on interface {found.interface}: {found.address}"
    return _found(found, f"{said} while skipping matching interfaces")


def _cidr(question: _Question) -> Detected:
    networks = []
    for text in expressions.split(question.value):
        try:
            networks.append(addresses.network(text))
        except ValueError:
            said = f'Invalid CIDR "{text}" for IP autodetection method: {CIDR}{question.value}'
            return _nothing(said)
    shown = _list([str(network) for network in networks])
    try:
        found = interfaces.first(question.layout, networks=networks)
    except NothingFound as error:
        return _nothing(f"Unable to auto-detect an IPv4 address using interface cidr {shown}: {error}")
    said = f"Using autodetected IPv4 address {found.address} on interface {found.interface} matching cidrs {shown}"
    return _found(found, said)


def _can_reach(question: _Question) -> Detected:
    """An empty destination, or 0.0.0.0, is the node itself in Go's package net: the address is 127.0.0.1/8."""
    text = question.value
    parsed = addresses.parse(text)
    if text and (parsed is None or parsed.prefix is not None):
        raise UsageError(
            f"{CAN_REACH}{text} depends on name servers, which the model does not ask: give it an IPv4 address"
        )
    failed = f"Unable to auto-detect IPv4 address by connecting to {text}: dial udp4"
    if parsed is not None and parsed.ipv4 is None:
        return _nothing(f"{failed}: address {text}: no suitable address found")
    destination = parsed.ipv4 if parsed is not None and parsed.ipv4 is not None else _LOOPBACK
    if destination.is_unspecified:
        destination = _LOOPBACK
    try:
        source = reach.source_for(question.layout, destination)
    except reach.Refused as error:
        return _nothing(f"{failed} {destination}:80: connect: {error}")
    found = interfaces.owner(question.layout, source)
    if found is None:
        said = f"autodetected IPv4 address does not match any addresses found on local interfaces: {source}"
        return _nothing(f"Unable to auto-detect IPv4 address by connecting to {text}: {said}")
    return _found(found, f"Using autodetected IPv4 address {found.address}, detected by connecting to {text}")


def _kubernetes_internal_ip(question: _Question) -> Detected:
    """It logs no address when it finds one."""
    settings = question.settings
    if not settings.kubernetes and settings.kubernetes_internal_ip is None:
        return _nothing("Cannot use method 'kubernetes-internal-ip' when not running on a Kubernetes cluster")
    text = settings.kubernetes_internal_ip or ""
    parsed = addresses.parse(text)
    found = interfaces.owner(question.layout, parsed.ipv4) if parsed is not None and parsed.ipv4 else None
    if found is None:
        missing = (f"Unable to find matching host interface for IP {text}",) if text else ()
        return Detected("", "", (*missing, f"Unable to parse CIDR {text} : invalid CIDR address: {text}"))
    masked = question.rules.kubernetes_internal_ip == "masked"
    return Detected(str(found.address.network if masked else found.address), found.interface, ())


_METHODS: dict[str, Callable[[_Question], Detected]] = {
    FIRST_FOUND: _first_found,
    INTERFACE: _interface,
    CIDR: _cidr,
    CAN_REACH: _can_reach,
    SKIP_INTERFACE: _skip_interface,
    KUBERNETES_INTERNAL_IP: _kubernetes_internal_ip,
}


def _found(owned: interfaces.Owned, said: str) -> Detected:
    return Detected(str(owned.address), owned.interface, (said,))


def _nothing(said: str) -> Detected:
    return Detected("", "", (said,))


def _list(texts: list[str]) -> str:
    """A list as Go prints it."""
    return "[" + " ".join(texts) + "]"
