"""What the isolation tests have in common: the lab's programs, and a look at what a lab may have left behind."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute

from calicolab import artifacts
from calicolab.artifacts.progress import Plain
from calicolab.command import run
from calicolab.evidence.timeline import Timeline
from calicolab.labs import standing
from calicolab.labs.netns import ownership
from calicolab.labs.netns.lab import NetnsLab

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = "v3.23.2"


@pytest.fixture(scope="session")
def lab_files() -> artifacts.LabFiles:
    """The programs of the incident's version, built if need be."""
    return artifacts.obtain([VERSION], report=Plain())[VERSION]


@pytest.fixture
def new_lab(lab_files: artifacts.LabFiles) -> Callable[[], NetnsLab]:
    """Makes labs of the smallest size, not yet up."""
    return lambda: NetnsLab(lab_files, timeline=Timeline(), nodes=2)


@dataclass(frozen=True)
class Traces:
    """What can be seen of labs on this machine."""

    processes: tuple[ownership.MarkedProcess, ...]
    mounts: tuple[str, ...]
    links: tuple[str, ...]
    named_namespaces: tuple[str, ...]
    rules: str
    forwarding: str
    files: tuple[str, ...]

    @classmethod
    def now(cls, files: artifacts.LabFiles) -> Traces:
        """Look."""
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        with IPRoute() as link:
            links = tuple(sorted(item.get_attr("IFLA_IFNAME") for item in link.get_links()))
        # This machine need not have iptables; the lab's own shows the rules of whatever network it is run in.
        rules = run(["chroot", str(files.debian), "iptables-nft-save"], timeout=10).stdout
        legacy = Path("/proc/net/ip_tables_names")
        return cls(
            # Other runs may go on beside this one, and labs stand: their owners live, or have let them go.
            processes=tuple(
                process
                for process in ownership.marked()
                if process.owner == ownership.identity(os.getpid())
                or not (process.owner == ownership.STANDING or ownership.alive(process.owner))
            ),
            mounts=tuple(line for line in mounts if "calicolab" in line or "overlay" in line),
            links=links,
            named_namespaces=tuple(sorted(file.name for file in Path("/run/netns").glob("*"))),
            rules=rules + (legacy.read_text() if legacy.exists() else ""),
            forwarding=Path("/proc/sys/net/ipv4/ip_forward").read_text(),
            files=tuple(
                sorted(
                    str(file)
                    for folder in (ownership.mount_point(), standing.FOLDER, Path("/tmp"))  # noqa: S108 - looked at only
                    if folder.is_dir()
                    for file in folder.iterdir()
                    if "calicolab" in str(file) or folder == ownership.mount_point()
                    # A run on Kubernetes, which may go on beside this one, keeps its kubeconfig there.
                    if not file.name.startswith("calicolab-kubernetes-")
                )
            ),
        )


@pytest.fixture
def nothing_left(lab_files: artifacts.LabFiles) -> Callable[[], None]:
    """Says what has appeared on this machine since the test began, and fails if anything has."""
    before = Traces.now(lab_files)

    def check() -> None:
        now = Traces.now(lab_files)
        assert not set(now.processes) - set(before.processes)
        assert replace(now, processes=before.processes) == before

    return check
