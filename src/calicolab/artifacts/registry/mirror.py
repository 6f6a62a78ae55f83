"""Where images are pulled from: the registries of their names, or one that holds copies of them."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.artifacts.registry.pins import Pin

#: A registry, and perhaps a path in it, that holds all images under the names that they have elsewhere.
SETTING = "CALICOLAB_REGISTRY_MIRROR"
_FORM = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?(?P<path>(/[a-z0-9._-]+)*)")


@dataclass(frozen=True)
class Mirror:
    """A registry with copies: `place` is host, port and path."""

    place: str

    @property
    def plain(self) -> bool:
        """Whether it may be asked without TLS: only where nobody is in between."""
        match = _FORM.fullmatch(self.place)
        host = match["host"].strip("[]") if match else ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def holds(self, pin: Pin) -> str:
        """What `pin` is called there, with its digest."""
        return f"{self.place}/{pin.name.partition('/')[2]}@{pin.digest}"


def chosen() -> Mirror | None:
    """The mirror that the user names; None without one.

    Raises:
        UsageError: it is not of the form host[:port][/path].
    """
    place = os.environ.get(SETTING, "")
    if not place:
        return None
    if not _FORM.fullmatch(place):
        raise UsageError(
            f"{SETTING} is {place!r}: write host[:port][/path] of a registry, such as 127.0.0.1:5000, without https://"
        )
    return Mirror(place)


def place_of(pin: Pin, mirror: Mirror | None) -> str:
    """Where `pin` is pulled from, with its digest and without its tag."""
    return f"{pin.name}@{pin.digest}" if mirror is None else mirror.holds(pin)
