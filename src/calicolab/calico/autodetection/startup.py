"""What becomes of the address when calico-node starts (node/pkg/lifecycle/startup/startup.go, v3.21 to v3.31)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calicolab.calico.autodetection import addresses, interfaces, methods, validation
from calicolab.calico.autodetection.facts import Decision, Recorded
from calicolab.calico.autodetection.rules import Rules, rules_of

if TYPE_CHECKING:
    from calicolab.calico.autodetection.facts import Layout, Outcome, Settings, Stored

_NOT_DETECTED = (
    "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. "
    "Otherwise provide an explicit address."
)
_NO_ADDRESS = "No IPv4 or IPv6 addresses configured or detected, required for Calico networking"
_NO_ADDRESS_NEEDED = "No IPv4 or IPv6 addresses configured or detected. Some features may not work properly."


def decide(version: str, layout: Layout, settings: Settings, stored: Stored) -> Decision:
    """What `calico-node -startup` of a version does with the node's address.

    Args:
        version: such as "v3.27.0".
        layout: the node's interfaces and routes.
        settings: calico-node's environment.
        stored: what the datastore holds.

    Raises:
        UsageError: the version is unknown, an address is none, or the answer depends on what the model is not told.
    """
    rules = rules_of(version)
    validation.check(layout, settings, stored)
    if settings.backend == "none" and not rules.detects_for_policy_only:
        address = stored.address or ""
        return Decision("keep" if address else "none", address, _interface_of(layout, address))
    return _Startup(layout, settings, stored, rules).decision()


class _Died(Exception):
    """It logged its last line."""


@dataclass
class _Startup:
    layout: Layout
    settings: Settings
    stored: Stored
    rules: Rules
    lines: list[str] = field(default_factory=list)

    def decision(self) -> Decision:
        old = self.stored.address or ""
        try:
            outcome, address = self._address(old)
        except _Died:
            return Decision("die", old, "", "", self._said())
        if not address:
            if self.settings.backend != "none":
                self.lines.append(_NO_ADDRESS)
                return Decision("die", "", "", "", self._said())
            self.lines.append(_NO_ADDRESS_NEEDED)
            return Decision("none", "", "", "", self._said())
        if (address != old or self._interfaces_changed()) and self.settings.node_ip_check:
            others = self._nodes_with(address)
            if others:
                return self._conflict(address, old, others)
        return Decision(outcome, address, _interface_of(self.layout, address), "", self._said())

    def _address(self, old: str) -> tuple[Outcome, str]:
        """What the address is to be, before anything is checked (configureIPsAndSubnets)."""
        setting = self.settings.ip or ""
        if setting == "autodetect" or (setting == "" and not old):
            return self._autodetected(old)
        if setting == "none":
            if old:
                self.lines.append(f"Autodetection for IPv4 disabled, keeping existing value: {old}")
                self._confirm(old)
            return "keep", old
        if setting == "":
            self._confirm(old)
            return "keep", old
        return "take", self._given(setting)

    def _autodetected(self, old: str) -> tuple[Outcome, str]:
        try:
            detected = methods.detect(self.layout, self.settings, self.rules)
        except methods.InvalidMethod as error:
            self.lines.append(str(error))
            raise _Died from error
        self.lines.extend(detected.lines)
        if detected.address:
            # kubernetes-internal-ip says nothing of what it found: nobody can tell that the same was found again.
            unseen = detected.address == old and not detected.lines
            return "keep" if unseen else "take", detected.address
        if not old:
            self.lines.append(_NOT_DETECTED)
            raise _Died
        self.lines.append(f"Autodetection of IPv4 address failed, keeping existing value: {old}")
        self._confirm(old)
        return "keep", old

    def _given(self, setting: str) -> str:
        """The address in the setting IP: one without prefix length borrows that of the interface which has it."""
        parsed = addresses.parse(setting)
        text = setting
        if "/" not in setting:
            if parsed is None or parsed.ipv4 is None:
                self.lines.append(
                    f"Attempt to get the local CIDR: {setting} failed, {self._invalid(setting)}"
                )
            else:
                owned = interfaces.owner(self.layout, parsed.ipv4)
                if owned is None:
                    self.lines.append(f"Unable to find matching host interface for IP {setting}")
                else:
                    text = str(owned.address)
        if parsed is None or parsed.ipv4 is None:
            self.lines.append(f"Environment does not contain a valid IPv4 address: IP={text}")
            raise _Died
        self.lines.append(f"Using IPv4 address from environment: IP={text}")
        given = addresses.parse(text)
        address = addresses.normal(given if given is not None else parsed)
        self._confirm(address)
        return address

    def _invalid(self, setting: str) -> str:
        # The error lost its full stop with v3.31, as the Go linters wanted it.
        return f"{setting} is invalid" + ("" if self.rules.records_interfaces else ".")

    def _confirm(self, address: str) -> None:
        """Warn of an address that no interface has (validateIP)."""
        if not _interface_of(self.layout, address):
            self.lines.append(f"Unable to confirm IPv4 address {_ip(address)} is assigned to this host")

    def _interfaces_changed(self) -> bool:
        if not self.rules.records_interfaces:
            return False
        return recorded(self.layout, self.settings, self.rules) != tuple(self.stored.interfaces)

    def _nodes_with(self, address: str) -> list[str]:
        """The other nodes with this address, in the order in which the datastore lists them."""
        return sorted(
            name for name, other in self.stored.others.items() if other and _ip(other) == _ip(address)
        )

    def _conflict(self, address: str, old: str, others: list[str]) -> Decision:
        """It ends; and with IP=autodetect it first takes its own stored address away (calico issue 1589)."""
        for name in others:
            self.lines.append(f"Calico node '{name}' is already using the IPv4 address {_ip(address)}.")
        left = "" if self.settings.ip == "autodetect" else old
        interface = _interface_of(self.layout, address)
        return Decision("die", left, interface, others[0], self._said())

    def _said(self) -> str:
        return "\n".join(self.lines)


def recorded(layout: Layout, settings: Settings, rules: Rules) -> tuple[Recorded, ...]:
    """What v3.31 notes of a node's interfaces, by name: all but those that first-found passes over.

    With IP=none or no IP it notes none (startup.go, configureIPsAndSubnets).
    """
    if (settings.ip or "none") == "none":
        return ()
    noted = [
        Recorded(link.name, tuple(str(_ip(address)) for address in link.addresses))
        for link in interfaces.named(layout, excluded=rules.excluded)
    ]
    return tuple(sorted(noted, key=lambda one: one.name))


def _ip(address: str) -> str:
    """The address without its prefix length."""
    parsed = addresses.parse(address)
    return str(parsed.ipv4) if parsed is not None else address


def _interface_of(layout: Layout, address: str) -> str:
    parsed = addresses.parse(address) if address else None
    owned = interfaces.owner(layout, parsed.ipv4) if parsed is not None and parsed.ipv4 is not None else None
    return owned.interface if owned is not None else ""
