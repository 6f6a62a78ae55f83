"""A Docker engine's programs from Debian's packages, for the private engine, and a static program to try engines with.

Debian 13's Docker with Debian 12's runc: Debian 12's Docker (20.10) cannot start privileged containers where root
lacks CAP_SYS_RESOURCE, and Debian 13's runc needs a newer libc than Debian 12 has. What these link to beyond the C
library (libsystemd, libseccomp, libcap, ...) apt itself links to, so it is on every machine that can fetch them.
iptables, which Docker calls, need not be: it comes along, with its libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.artifacts.debian_taken import DebianTaken, Taken

if TYPE_CHECKING:
    from pathlib import Path

_NEW, _OLD = "trixie", "bookworm"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"

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


class DockerPrograms(DebianTaken):
    """Recipe of what a private engine runs, or of the probe that tries any engine."""

    def __init__(self, cache: Path, *, probe: bool = False) -> None:
        super().__init__(
            cache,
            name="probe" if probe else "docker",
            title="container probe" if probe else "Docker engine (Debian 13)",
            version=_NEW,
            taken=PROBE if probe else ENGINE,
            links=PROBE_LINKS if probe else ENGINE_LINKS,
            megabytes=20 if probe else 700,
        )
