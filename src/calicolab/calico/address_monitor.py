"""calico-node's monitor of its own address: how often it has looked, and what it saw.

`calico-node -monitor-addresses` looks for the node's address at a fixed interval and writes a new one into the
datastore (MonitorIPAddressSubnets in node/pkg/lifecycle/startup/startup.go). A look that changes nothing is told from
none by the monitor's log alone: each says in one line what it found, in words that are the same from v3.21 to v3.31.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calicolab.calico import versions

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

SERVICE = "monitor-addresses"
#: The setting of its interval, read once when it begins, by Go's time.ParseDuration: "5s", "2m"; what that cannot read
#: counts as unset (getMonitorPollInterval, v3.21 to v3.31).
INTERVAL_SETTING = "AUTODETECT_POLL_INTERVAL"
#: Seconds from the end of one look to the next when that is not set; the first comes so long after its start.
DEFAULT_INTERVAL = 60.0
#: Two intervals went by when the log shows so many looks more. Two are not enough: one that has said what it found may
#: not have written it yet. Of the two before the third all is over.
LOOKS_FOR_TWO_INTERVALS = 3

#: The first version whose monitor reads the Node resource at each look (calico#8728).
READS_AGAIN = "v3.29.0"

#: What a look says by IP: autodetect (every method but one), none, or an address.
_LOOK = re.compile(
    r"(?:Using autodetected IPv4 address|Autodetection of IPv4 address failed|Autodetection for IPv4 disabled"
    r"|Using IPv4 address from environment).*"
)
#: What a look by kubernetes-internal-ip says, and one with an address in IP says beside the line above.
_LOCAL = re.compile(r"Including CIDR information from host interface.*")


#: What it says when the datastore did not take what it wrote: up to three times a look.
_REFUSED = re.compile(r"Unable to set node resource configuration.*")


@dataclass(frozen=True)
class Looks:
    """What the monitor's log tells."""

    count: int
    #: What the last look found, in its own words.
    last: str = ""
    #: How often it was refused when it wrote.
    refused: int = 0


@dataclass(frozen=True)
class Watch:
    """The monitor of one node, and the address that the datastore holds for it, with its prefix length."""

    looks: Looks
    stored: str | None


def looks(log: str) -> Looks:
    """How often the monitor looked by its log, of which it may have written more than one look's lines."""
    found = _LOOK.findall(log)
    local = _LOCAL.findall(log)
    said = found if len(found) >= len(local) else local
    return Looks(len(said), said[-1].strip() if said else "", refused=len(_REFUSED.findall(log)))


def reads_the_node_again(version: str) -> bool:
    """Whether the monitor of this version reads the Node resource at each look, or only once when it begins."""
    return versions.comparison_key(version) >= versions.comparison_key(READS_AGAIN)


def look_at(lab: Lab, node: str) -> Watch:
    """The monitor of the node called `node`, and what is stored.

    The log first: what the last look of it did is in what is read of the datastore then.
    """
    seen = looks(lab.node(node).calico.logs(SERVICE))
    stored = {address.node: address.ipv4 for address in lab.calicoctl.node_addresses()}
    return Watch(seen, stored.get(node))


class Watcher:
    """Watches the monitor of the node called `node` from now on: looks are counted from here.

    Calling it gives a `Watch`. A log that was begun anew meanwhile, as when calico-node has only just started and what
    is read first is still the log of the one before, is counted from its beginning.
    """

    def __init__(self, lab: Lab, node: str) -> None:
        self._lab, self._node = lab, node
        self._before = looks(lab.node(node).calico.logs(SERVICE))
        #: The most that was in one log.
        self._most = self._before.count

    def __call__(self) -> Watch:
        """The monitor now, and what is stored."""
        seen = look_at(self._lab, self._node)
        if seen.looks.count < self._most:
            self._before = Looks(0)
        self._most = seen.looks.count
        return replace(
            seen,
            looks=replace(
                seen.looks,
                count=seen.looks.count - self._before.count,
                refused=seen.looks.refused - self._before.refused,
            ),
        )
