"""A Docker engine's programs from Debian's packages, for the private engine, and a static program to try engines with.

Debian 13's Docker with Debian 12's runc: Debian 12's Docker (20.10) cannot start privileged containers where root
lacks CAP_SYS_RESOURCE, and Debian 13's runc needs a newer libc than Debian 12 has. What these link to beyond the C
library (libsystemd, libseccomp, libcap, ...) apt itself links to, so it is on every machine that can fetch them.
iptables, which Docker calls, need not be: it comes along, with its libraries.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.debian import PrivateApt, package_version, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Step

_NEW, _OLD = "trixie", "bookworm"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True)
class Taken:
    """A file or folder of a package, and where it goes in the entry."""

    suite: str
    package: str
    path: str
    placed: str


#: bin/ is to be first in the engine's PATH, lib/ is its LD_LIBRARY_PATH, lib/xtables its XTABLES_LIBDIR.
ENGINE = (
    Taken(_NEW, "docker-cli", "usr/bin/docker", "bin/docker"),
    Taken(_NEW, "docker.io", "usr/sbin/dockerd", "bin/dockerd"),
    Taken(_NEW, "docker.io", "usr/sbin/docker-proxy", "bin/docker-proxy"),
    Taken(_NEW, "containerd", "usr/bin/containerd", "bin/containerd"),
    Taken(_NEW, "containerd", "usr/bin/containerd-shim-runc-v2", "bin/containerd-shim-runc-v2"),
    Taken(_OLD, "runc", "usr/sbin/runc", "bin/runc"),
    Taken(_OLD, "iptables", "usr/sbin/xtables-nft-multi", "bin/xtables-nft-multi"),
    Taken(_OLD, "iptables", f"{_LIBRARIES}/xtables", "lib/xtables"),
    Taken(_OLD, "libxtables12", f"{_LIBRARIES}/libxtables.so.12", "lib/libxtables.so.12"),
    Taken(_OLD, "libmnl0", f"{_LIBRARIES}/libmnl.so.0", "lib/libmnl.so.0"),
    Taken(_OLD, "libnftnl11", f"{_LIBRARIES}/libnftnl.so.11", "lib/libnftnl.so.11"),
)
#: Names under which one program is called, and the program.
_IPTABLES = (
    "iptables",
    "iptables-save",
    "iptables-restore",
    "ip6tables",
    "ip6tables-save",
    "ip6tables-restore",
)
ENGINE_LINKS = tuple((f"bin/{name}", "xtables-nft-multi") for name in _IPTABLES)
#: A program that runs in a container which has nothing else: the root of the probe's image.
PROBE = (Taken(_NEW, "busybox-static", "usr/bin/busybox", "bin/busybox"),)
PROBE_LINKS = (("bin/sh", "busybox"),)


class DockerPrograms:
    """Recipe of what a private engine runs, or of the probe that tries any engine."""

    version = _NEW

    def __init__(self, cache: Path, *, probe: bool = False) -> None:
        self.name = "probe" if probe else "docker"
        self.title = "container probe" if probe else "Docker engine (Debian 13)"
        self._taken = PROBE if probe else ENGINE
        self._links = PROBE_LINKS if probe else ENGINE_LINKS
        self._megabytes = 20 if probe else 700
        self._cache = cache
        suites = dict.fromkeys(taken.suite for taken in self._taken)
        self._apt = {suite: PrivateApt(cache / "apt" / suite, suite=suite) for suite in suites}

    @property
    def key(self) -> str:
        """Checksum of what is taken and where it goes."""
        rows = (
            word for taken in self._taken for word in (taken.suite, taken.package, taken.path, taken.placed)
        )
        return checksum("docker 1", *rows, "-", *(word for link in self._links for word in link))

    def needs(self) -> Sequence[disk.Need]:
        """The room for apt's lists, the packages and what they hold."""
        return (disk.Need(self._cache, self._megabytes, self.title),)

    def check(self) -> None:
        """See that the mirror answers."""
        for apt in self._apt.values():
            apt.update()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Fetch the packages and take the programs out of them."""
        unpacked = into.parent / "unpacked"
        versions = {}
        for suite, apt in self._apt.items():
            packages = list(dict.fromkeys(taken.package for taken in self._taken if taken.suite == suite))
            step.stage(f"fetching packages of {suite}")
            archives = apt.download(packages, on_line=lambda _line: None)
            for number, (package, archive) in enumerate(zip(packages, archives, strict=True)):
                step.stage(f"unpacking {package}")
                step.advance(number, total=len(packages))
                unpack(archive, unpacked / package)
                versions[package] = f"debian {package_version(archive)}"
        for taken in self._taken:
            _place(unpacked / taken.package / taken.path, into / taken.placed)
        for link, target in self._links:
            (into / link).symlink_to(target)
        shutil.rmtree(unpacked)
        return versions


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    found = source.resolve(strict=True)
    if found.is_dir():
        shutil.copytree(found, target, symlinks=True)
    else:
        shutil.copy2(found, target)
