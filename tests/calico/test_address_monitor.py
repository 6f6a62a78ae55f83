"""How often the monitor looked, by what the real ones of v3.21.4 to v3.31.0 write into their logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from calicolab.calico.address_monitor import Looks, Watcher, looks, reads_the_node_again
from calicolab.calico.facts import NodeAddress

STAMP = "2026-11-23 18:09:27.911 [INFO][56] monitor-addresses/"
DETECTED = f"{STAMP}autodetection_methods.go 103: Using autodetected IPv4 address"
BEGUN = f"{STAMP}startup.go 425: Early log level set to info\n"
FIRST_FOUND = f"{DETECTED} on interface mybr0: 172.18.0.1/16\n"
INTERFACE = f"{DETECTED} 192.168.21.12/24 on matching interface eth0\n"
CIDR = f"{DETECTED} 192.168.21.12/24 on interface eth0 matching cidrs [192.168.21.0/24]\n"
REACH = f"{DETECTED} 192.168.21.12/24, detected by connecting to 192.168.21.11\n"
NONE = f"{STAMP}startup.go 510: Autodetection for IPv4 disabled, keeping existing value: 192.168.21.12/24\n"
LOCAL = (
    f"{STAMP}autodetection_methods.go 225: Including CIDR information from host interface. "
    'CIDR="192.168.21.12/24"\n'
)
TOLD = f"{STAMP}startup.go 579: Using IPv4 address from environment: IP=192.168.21.12/24\n"
CHANGED = f"{STAMP}startup.go 559: Node IPv4 changed, will check for conflicts\n"
REFUSED = (
    "2026-11-23 18:09:27.923 [ERROR][56] monitor-addresses/startup.go 357: Unable to set node resource configuration, "
    "retrying... error=update conflict: Node(node02)\n"
)


@pytest.mark.parametrize("look", [FIRST_FOUND, INTERFACE, CIDR, REACH, NONE, LOCAL, LOCAL + TOLD])
def test_each_look_is_counted_once_whatever_the_settings(look: str) -> None:
    for count in range(4):
        seen = looks(BEGUN + look * count)
        assert seen.count == count
        assert seen.refused == 0


def test_the_last_look_is_told_in_its_own_words() -> None:
    assert looks(FIRST_FOUND + INTERFACE).last == (
        "Using autodetected IPv4 address 192.168.21.12/24 on matching interface eth0"
    )


def test_a_monitor_that_is_refused_has_looked_once_all_the_same() -> None:
    assert looks(FIRST_FOUND + CHANGED + REFUSED * 3 + FIRST_FOUND) == Looks(
        2, "Using autodetected IPv4 address on interface mybr0: 172.18.0.1/16", refused=3
    )


def test_no_log_is_no_look() -> None:
    assert looks("") == Looks(0)


@dataclass
class Node:
    """Stands in for a lab and its node."""

    log: str
    calicoctl: Any = field(
        default_factory=lambda: SimpleNamespace(
            node_addresses=lambda: (NodeAddress("node02", "10.0.0.2/24"),)
        )
    )

    def node(self, name: str) -> Any:
        assert name == "node02"
        return SimpleNamespace(calico=SimpleNamespace(logs=lambda service: self.log))


def test_looks_are_counted_from_when_the_watch_begins() -> None:
    lab = Node(FIRST_FOUND * 5 + REFUSED * 3)
    watcher = Watcher(lab, "node02")  # type: ignore[arg-type]  # as much of a lab as it needs
    assert (watcher().looks.count, watcher().looks.refused) == (0, 0)
    lab.log += INTERFACE + REFUSED
    seen = watcher()
    assert (seen.looks.count, seen.looks.refused, seen.stored) == (1, 1, "10.0.0.2/24")


def test_a_log_that_is_begun_anew_is_counted_from_its_beginning() -> None:
    lab = Node(FIRST_FOUND * 5 + REFUSED)
    watcher = Watcher(lab, "node02")  # type: ignore[arg-type]  # as above
    lab.log = BEGUN
    assert watcher().looks.count == 0
    lab.log += INTERFACE
    assert watcher().looks == Looks(
        1, "Using autodetected IPv4 address 192.168.21.12/24 on matching interface eth0"
    )


def test_from_v3_29_on_the_monitor_reads_the_node_again() -> None:
    assert [
        reads_the_node_again(version) for version in ("v3.21.4", "v3.28.6-0.dev", "v3.29.0", "v3.31.0")
    ] == [
        *(False, False),
        *(True, True),
    ]
