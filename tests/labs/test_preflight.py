"""What this machine must offer is looked at before anything is made, and what is missing is named."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from calicolab.errors import UsageError
from calicolab.labs.netns import network, preflight, topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from calicolab.labs.netns.machine import Machine


@pytest.fixture(autouse=True)
def _capable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a lab could be made, whatever this one is."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(network, "machine_routes", list)
    monkeypatch.setattr(Path, "read_text", reading(overlay="nodev\toverlay\n", free_kib=8 << 20))


def reading(*, overlay: str, free_kib: int) -> Callable[[Path], str]:
    files = {
        Path("/proc/filesystems"): f"nodev\tproc\n{overlay}\text4\n",
        Path("/proc/meminfo"): f"MemTotal: 1 kB\nMemAvailable: {free_kib} kB\n",
    }
    return lambda path: files[path]


def test_a_capable_machine_is_taken() -> None:
    preflight.check(topology.plan())


def test_without_root_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="needs root"):
        preflight.check(topology.plan())


def test_a_kernel_without_overlayfs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", reading(overlay="", free_kib=8 << 20))
    with pytest.raises(UsageError, match="overlay"):
        preflight.check(topology.plan())


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "nsenter" else program)
    with pytest.raises(UsageError, match="needs nsenter: install util-linux"):
        preflight.check(topology.plan())


def test_a_subnet_of_this_machines_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "machine_routes", lambda: ["192.168.16.0/20"])
    with pytest.raises(UsageError, match=r"192\.168\.16\.0/20: choose another with --subnet"):
        preflight.check(topology.plan())


def test_too_little_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", reading(overlay="nodev\toverlay\n", free_kib=1 << 20))
    with pytest.raises(UsageError, match=r"100 nodes needs about \d+ MiB of memory, but 1024 MiB are free"):
        preflight.check(topology.plan(nodes=100))


class _NoMachine:
    """A switch that nothing is run on: what the kernel offers is decided by the test."""

    def run(self, argv: list[str]) -> None:
        pytest.fail(f"{argv} was run although something is missing")


@pytest.mark.parametrize(
    ("links", "programs", "named"),
    [
        ({"veth"}, {"ipset", "iptables"}, "needs: bridge;"),
        ({"bridge"}, {"ipset", "iptables"}, "needs: veth;"),
        ({"bridge", "veth"}, {"iptables"}, "needs: ipset;"),
        ({"bridge", "veth"}, {"ipset"}, "needs: rpfilter;"),
        (set[str](), set[str](), "needs: bridge, veth, ipset, rpfilter;"),
    ],
)
def test_what_the_kernel_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, links: set[str], programs: set[str], named: str
) -> None:
    monkeypatch.setattr(preflight, "_can_add", lambda switch, *, kind: kind in links)
    monkeypatch.setattr(preflight, "_runs", lambda switch, argv: argv[0] in programs)
    with pytest.raises(UsageError, match=named):
        preflight.check_kernel(cast("Machine", _NoMachine()))
