"""The Debian root file system under every machine and container of the lab."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.debian import PrivateApt, first_error, unpack
from calicolab.artifacts.debian_sources import CONFIGURATION_TIMEOUT, KEYRING, machine_sources, source_lines
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.command import run, run_status
from calicolab.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.progress import Step

#: Debian 12: its bird is 1.6.8, the version that Calico's fork starts from.
SUITE = "bookworm"
#: curl and dig (bind9-dnsutils) are what Kubernetes' conformance tests run in pods.
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
#: Emptied: whoever runs the file system mounts or makes what belongs there, and none of it is the build machine's.
EMPTIED = ("dev", "proc", "sys", "run", "tmp", "var/tmp")
#: Files that tell of the machine it was built on.
FORGOTTEN = ("etc/resolv.conf", "etc/hostname", "etc/machine-id", "var/lib/dbus/machine-id")
MEGABYTES = 700
TIMEOUT = 1200.0


class DebianRoot:
    """Recipe of the root file system."""

    name = "debian"
    version = SUITE
    title = "Debian 12 root file system"

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._apt = PrivateApt(cache / "apt" / SUITE, suite=SUITE)

    @property
    def key(self) -> str:
        """Checksum of what is installed and what is left out."""
        return checksum("debian 1", SUITE, *PACKAGES, "-", *TRIMMED, "-", *EMPTIED, "-", *FORGOTTEN)

    def needs(self) -> Sequence[disk.Need]:
        """The room for apt's lists, the packages and what they hold, before it is trimmed."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """See that we may make it and that the mirror answers."""
        if os.geteuid() != 0:
            raise UsageError(
                f"the {self.title} is not in the cache, and only root can make it: run this as root"
            )
        self._apt.update()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Install the packages into a fresh file system with mmdebstrap and trim it."""
        step.stage("installing packages")
        # mmdebstrap wants to make the folder itself.
        into.rmdir()
        command = [
            # Its own namespaces: when it is killed, so is all it started, and its mounts are gone.
            *(
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
            ),
            *self._mmdebstrap(),
            *("--mode=root", "--variant=minbase", "--format=directory", f"--include={','.join(PACKAGES)}"),
            f"--keyring={KEYRING}",
            *_acquire_options(),
            SUITE,
            str(into),
            *source_lines(SUITE, machine_sources()),
        ]
        # With the rest of what is being made, so that it goes when that goes; mmdebstrap hides it from the packages.
        temporary = into.parent / "temporary"
        temporary.mkdir()
        environment = os.environ | {"TMPDIR": str(temporary)}
        try:
            follow(command, timeout=TIMEOUT, env=environment, on_line=lambda line: _tell(step, line))
        except ProgramFailed as failed:
            if disk.ran_out(failed.said):
                raise ArtifactError(
                    f"the {self.title} could not be made: no free disk is left; {disk.REMEDY}"
                ) from failed
            raise ArtifactError(f"the {self.title} could not be made: {first_error(failed.said)}") from failed
        shutil.rmtree(temporary)
        versions = _versions(into)
        step.stage("trimming")
        _trim(into)
        return versions

    def _mmdebstrap(self) -> list[str]:
        """The machine's own mmdebstrap, or one unpacked into the cache.

        Raises:
            UsageError: this machine's Perl lacks what mmdebstrap needs.
        """
        if shutil.which("mmdebstrap") is not None:
            return ["mmdebstrap"]
        folder = self._cache / "tools" / "mmdebstrap"
        script = folder / "usr" / "bin" / "mmdebstrap"
        (archive,) = self._apt.download(["mmdebstrap"], on_line=lambda _line: None)
        unpack(archive, folder)
        if not run_status(["perl", str(script), "--version"], timeout=CONFIGURATION_TIMEOUT).succeeded:
            raise UsageError(
                "mmdebstrap needs a complete Perl, which is not here: run `apt-get install mmdebstrap`"
            )
        return ["perl", str(script)]


def _acquire_options() -> list[str]:
    """The machine's own settings of apt that decide whether a mirror can be reached and how old its lists may be."""
    wanted = (
        "Acquire::http::Proxy",
        "Acquire::https::Proxy",
        "Acquire::Check-Valid-Until",
        "Acquire::Check-Date",
    )
    options = []
    for name in wanted:
        dump = run(["apt-config", "dump", "--format", "%f=%v%n", name], timeout=CONFIGURATION_TIMEOUT).stdout
        value = next(
            (line.partition("=")[2] for line in dump.splitlines() if line.startswith(f"{name}=")), ""
        )
        if value:
            options.append(f'--aptopt={name} "{value}";')
    return options


def _tell(step: Step, line: str) -> None:
    if line.startswith("I: ") and not line.startswith("I: success"):
        step.stage(line.removeprefix("I: ").removesuffix("..."))


def _versions(root: Path) -> dict[str, str]:
    listed = run(
        [
            "dpkg-query",
            f"--admindir={root}/var/lib/dpkg",
            "--show",
            "--showformat",
            "${Package} ${Version}\n",
        ],
        timeout=CONFIGURATION_TIMEOUT,
    ).stdout
    versions = dict(line.split(" ", 1) for line in listed.splitlines())
    return {"debian": f"{SUITE} {versions['base-files']}"} | {
        package: f"debian {versions[package]}" for package in PACKAGES
    }


def _trim(root: Path) -> None:
    for name in TRIMMED:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in EMPTIED:
        for path in (root / name).iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for name in FORGOTTEN:
        (root / name).unlink(missing_ok=True)
    for name in ("var/log", "var/cache"):
        (root / name).mkdir()
    (root / "etc" / "resolv.conf").touch()
