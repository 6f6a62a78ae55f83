"""What the machines run from Debian 13: etcd >= 3.5 and the CNI plugins that Calico chains with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.debian import PrivateApt, package_version, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.progress import Step

#: Debian 12 has etcd 3.4; Debian 13's runs on it, as its programs are linked statically.
SUITE = "trixie"
#: Package, what of it is taken, and where that goes in the machine.
PROGRAMS = (
    ("etcd-server", "usr/bin/etcd", "usr/bin/etcd"),
    ("etcd-client", "usr/bin/etcdctl", "usr/bin/etcdctl"),
    ("containernetworking-plugins", "usr/lib/cni/portmap", "opt/cni/bin/portmap"),
    ("containernetworking-plugins", "usr/lib/cni/loopback", "opt/cni/bin/loopback"),
    ("containernetworking-plugins", "usr/lib/cni/bandwidth", "opt/cni/bin/bandwidth"),
)
#: What Calico's CNI image holds besides, as upstream's does (cni-plugin/Makefile).
CNI_PLUGINS = tuple(
    ("containernetworking-plugins", f"usr/lib/cni/{name}", f"opt/cni/bin/{name}")
    for name in ("host-local", "tuning")
)
#: What the provenance calls a package that is not called so.
NAMES = {"etcd-server": "etcd", "etcd-client": "etcdctl", "containernetworking-plugins": "cni-plugins"}
#: What is fetched and unpacked on the way.
MEGABYTES = 300


class DebianPrograms:
    """Recipe of the programs from Debian 13."""

    name = "programs"
    version = SUITE
    title = "etcd and CNI plugins (Debian 13)"
    rows: tuple[tuple[str, str, str], ...] = PROGRAMS

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._apt = PrivateApt(cache / "apt" / SUITE, suite=SUITE)

    @property
    def key(self) -> str:
        """Checksum of what is taken and where it goes."""
        return checksum("programs 1", SUITE, *(word for row in self.rows for word in row))

    def needs(self) -> Sequence[disk.Need]:
        """The room for apt's lists, the packages and what they hold."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """See that the mirror answers."""
        self._apt.update()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Fetch the packages and take the programs out of them."""
        packages = tuple(dict.fromkeys(package for package, _from, _to in self.rows))
        step.stage("fetching packages")
        archives = dict(zip(packages, self._apt.download(packages, on_line=lambda _line: None), strict=True))
        unpacked = into.parent / "unpacked"
        for number, (package, archive) in enumerate(archives.items()):
            step.stage(f"unpacking {package}")
            step.advance(number, total=len(archives))
            unpack(archive, unpacked / package)
        for package, taken, placed in self.rows:
            (into / placed).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2((unpacked / package / taken).resolve(strict=True), into / placed)
        shutil.rmtree(unpacked)
        return {
            NAMES.get(package, package): f"debian {package_version(archive)}"
            for package, archive in archives.items()
        }


class MoreCniPlugins(DebianPrograms):
    """Recipe of the plugins that only an image holds: an entry of its own, so that the machines' stays what it is."""

    name = "more-cni-plugins"
    title = "more CNI plugins (Debian 13)"
    rows = CNI_PLUGINS
