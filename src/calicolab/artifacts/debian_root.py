"""The Debian root file system under every machine and container of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.artifacts import debian_install, disk
from calicolab.artifacts.cache import checksum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Step

#: Debian 12: its bird is 1.6.8, the version that Calico's fork starts from.
SUITE = "bookworm"
#: curl, dig (bind9-dnsutils) and nc are what Kubernetes' conformance tests run in pods.
PACKAGES = (
    "bind9-dnsutils",
    "bird",
    "conntrack",
    "curl",
    "iproute2",
    "ipset",
    "iptables",
    "iputils-ping",
    "kmod",
    "netcat-openbsd",
    "procps",
    "python3",
    "runit",
)
#: Left out, as nothing in the lab reads it: it would be verified before each use.
TRIMMED = (
    "etc/apt",
    "usr/include",
    "usr/lib/python3.11/ensurepip",
    "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/pydoc_data",
    "usr/lib/x86_64-linux-gnu/gconv",
    "usr/lib/x86_64-linux-gnu/perl",
    "usr/share/bash-completion",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl",
    "usr/share/perl5",
    "usr/share/zoneinfo",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg/info",
    "var/log",
)
MEGABYTES = 700


class DebianRoot:
    """Recipe of the root file system."""

    name = "debian"
    version = SUITE
    title = "Debian 12 root file system"

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._installer = debian_install.Installer(cache, suite=SUITE, title=self.title)

    @property
    def key(self) -> str:
        """Checksum of what is installed and what is left out."""
        return checksum(
            "debian 1",
            SUITE,
            *PACKAGES,
            "-",
            *TRIMMED,
            "-",
            *debian_install.EMPTIED,
            "-",
            *debian_install.FORGOTTEN,
        )

    def needs(self) -> Sequence[disk.Need]:
        """The room for apt's lists, the packages and what they hold, before it is trimmed."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """See that we may make it and that the mirror answers."""
        self._installer.check()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Install the packages into a fresh file system and trim it."""
        versions = self._installer.install(PACKAGES, into=into, step=step)
        step.stage("trimming")
        debian_install.trim(into, without=TRIMMED)
        return versions
