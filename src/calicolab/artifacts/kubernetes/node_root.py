"""The root file system of a kind node: Debian, and kind's own files as its Dockerfile (images/base) lays them out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import debian_install, debian_root, disk
from calicolab.artifacts.cache import checksum
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.progress import Step

SUITE = "bookworm"
#: Changes whenever what is done here does.
RECIPE = "node root 1"
#: What kind's Dockerfile installs, without storage tests' needs, and what it builds by itself: containerd, runc and the
#: CNI plugins.
PACKAGES = (
    "bash",
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "curl",
    "ethtool",
    "hostname",
    "ipset",
    "iproute2",
    "iptables",
    "jq",
    "kmod",
    "mount",
    "nftables",
    "procps",
    "runc",
    "socat",
    "systemd",
    "util-linux",
)
#: What a node has beneath its network plugin; Debian's others are as big as the rest of the system.
PLUGINS = ("host-local", "loopback", "portmap", "ptp")
TRIMMED = (
    *debian_root.TRIMMED,
    "usr/lib/cni",
    "usr/lib/systemd/catalog",
    "usr/share/zsh",
    "usr/share/dbus-1",
)
MEGABYTES = 800
#: Units that make no sense in a container (kind's Dockerfile, images/base).
_NOT_STARTED = (
    "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "usr/lib/systemd/system/multi-user.target.wants/*",
    "etc/systemd/system/*.wants/*",
    "usr/lib/systemd/system/local-fs.target.wants/*",
    "usr/lib/systemd/system/sockets.target.wants/*udev*",
    "usr/lib/systemd/system/sockets.target.wants/*initctl*",
    "usr/lib/systemd/system/basic.target.wants/*",
)
_STARTED = ("kubelet.service", "containerd.service", "undo-mount-hacks.service")
#: systemd-binfmt registers formats with the kernel, which all share.
_MASKED = ("systemd-binfmt.service",)


class NodeRoot:
    """Recipe of the root file system; `base` is kind's images/base/files, of the recipe `base_key`."""

    name = "node-root"
    version = SUITE
    title = "root file system of kind nodes"

    def __init__(self, *, cache: Path, base: Path, base_key: str) -> None:
        self._cache, self._base, self._base_key = cache, base, base_key
        self._installer = debian_install.Installer(cache, suite=SUITE, title=self.title)

    @property
    def key(self) -> str:
        """Checksum of what is installed, what is left out and what is laid over it."""
        return checksum(RECIPE, SUITE, self._base_key, *PACKAGES, "-", *TRIMMED, "-", *PLUGINS)

    def needs(self) -> Sequence[disk.Need]:
        """The room for apt's lists, the packages and what they hold, before it is trimmed."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """See that we may make it and that the mirror answers."""
        self._installer.check()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Install the packages, trim them and lay kind's files over them."""
        versions = self._installer.install(PACKAGES, into=into, step=step)
        step.stage("laying kind's files over it")
        plugins = into / "opt" / "cni" / "bin"
        plugins.mkdir(parents=True)
        for name in PLUGINS:
            shutil.copy2(into / "usr" / "lib" / "cni" / name, plugins / name)
        debian_install.trim(into, without=TRIMMED)
        lay_out(self._base, into)
        return {f"node {name}": version for name, version in versions.items()}


def lay_out(base: Path, into: Path) -> None:
    """Do to Debian's root `into` what kind's Dockerfile does, with its files `base`."""
    for path in sorted(base.rglob("*")):
        relative = path.relative_to(base)
        if path.is_file() and relative.parts[0] != "LICENSES":
            place = into / relative
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            # The module cache has no run bits.
            place.chmod(0o755 if place.parent.name == "bin" else 0o644)
    units = into / "etc" / "systemd" / "system"
    for pattern in _NOT_STARTED:
        for path in into.glob(pattern):
            path.unlink()
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    for name in _STARTED:
        (wanted / name).symlink_to(f"/etc/systemd/system/{name}")
    for name in _MASKED:
        (units / name).symlink_to("/dev/null")
    with (into / "etc" / "systemd" / "journald.conf").open("a") as journald:
        journald.write("ReadKMsg=no\n")
    init = into / "usr" / "sbin" / "init"
    init.unlink(missing_ok=True)
    init.symlink_to("/usr/lib/systemd/systemd")
    (into / "etc" / "kubernetes" / "manifests").mkdir(parents=True)
    unit = units / "containerd.service"
    unit.write_text(bounded(unit.read_text()))


def bounded(unit: str) -> str:
    """containerd's unit with Debian's program, and within what a machine without CAP_SYS_RESOURCE grants."""
    unit = unit.replace("/usr/local/bin/containerd", "/usr/bin/containerd")
    return re.sub(r"^(Limit\w+|OOMScoreAdjust)=.*\n", "", unit, flags=re.MULTILINE)


def containerd_settings(settings: str, *, pause: str) -> str:
    """containerd's settings of kind's, for Debian's containerd and a machine without CAP_SYS_RESOURCE.

    Args:
        settings: /etc/containerd/config.toml.
        pause: the image of a pod's first container.

    Raises:
        ArtifactError: they are not as this recipe knows them.
    """
    settings, images = re.subn(r"(sandbox_image) = .*", rf'\1 = "{pause}"', settings)
    settings, scores = re.subn(r"(restrict_oom_score_adj) = false", r"\1 = true", settings)
    if images != 1 or scores != 1:
        raise ArtifactError(
            "kind's settings of containerd no longer have one sandbox_image and one restrict_oom_score_adj = false: "
            "this version of kind needs another recipe"
        )
    # Debian's looks into /usr/lib/cni unless told; network plugins install themselves where upstream's looks.
    return f'{settings}\n[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "/opt/cni/bin"\n'
