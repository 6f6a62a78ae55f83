"""Debian packages by an apt of our own: its sources, lists and archives are in the cache, the machine's stay untouched.

Settings under /etc/apt/apt.conf.d (a proxy, for one) hold here as well, and so do apt's signature checks. The mirror
is the one that the machine's own apt uses.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from calicolab.artifacts import disk
from calicolab.artifacts.debian_sources import CONFIGURATION_TIMEOUT, KEYRING, machine_sources, source_lines
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.command import run
from calicolab.errors import ArtifactError, LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Seconds to fetch lists or packages.
FETCH_TIMEOUT = 900.0
#: How often apt asks again after a hiccup, waiting 1 s and then 2 s.
RETRIES = 2
_HICCUP = re.compile(r"Temporary failure resolving|timed out|Connection reset|50[0234] ")
#: The kernel's routes, IPv4 and IPv6.
ROUTES = (Path("/proc/net/route"), Path("/proc/net/ipv6_route"))


class PrivateApt:
    """apt with its own sources, lists and archives under `folder`, for one suite. It installs nothing."""

    def __init__(self, folder: Path, *, suite: str) -> None:
        self._folder, self._suite = folder, suite

    def update(self) -> None:
        """Fetch the lists, which shows within a second or so whether the mirror answers.

        Raises:
            UsageError: the machine has no apt, no mirror of Debian or not Debian's keys.
            ArtifactError: the mirror does not answer, or a signature is wrong.
        """
        require_keyring()
        lines = source_lines(self._suite, machine_sources())
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        (self._folder / "sources.list").write_text("\n".join(lines) + "\n")
        # The lock: apt does not wait for another apt-get update, it fails.
        with filelock.FileLock(self._folder / "update.lock", timeout=FETCH_TIMEOUT):
            try:
                self._update(retries=0)
            except ArtifactError as error:
                # No network at all is said at once; a hiccup of one that is there is worth a moment.
                if not (_HICCUP.search(str(error)) and _has_way_out()):
                    raise
                self._update(retries=RETRIES)

    def download(self, packages: Sequence[str], *, on_line: Callable[[str], None]) -> tuple[Path, ...]:
        """Fetch `packages` (without what they depend on) and return their files, in that order.

        Raises:
            ArtifactError: one could not be fetched.
        """
        archives = self._folder / "cache" / "archives"
        self._apt_get("download", *packages, cwd=archives, on_line=on_line)
        return tuple(_newest(archives, package) for package in packages)

    def _update(self, *, retries: int) -> None:
        # Error-Mode: a list that could not be fetched is an error.
        self._apt_get("-o", f"Acquire::Retries={retries}", "-o", "APT::Update::Error-Mode=any", "update")

    def _apt_get(
        self, *arguments: str, cwd: Path | None = None, on_line: Callable[[str], None] = lambda _line: None
    ) -> None:
        options = {
            "Dir::Etc::SourceList": self._folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State": self._folder / "state",
            "Dir::State::Status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            # The user _apt cannot write to root's cache directory, and apt says so each time otherwise.
            "APT::Sandbox::User": "root",
        }
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        try:
            follow(["apt-get", *flags, *arguments], timeout=FETCH_TIMEOUT, cwd=cwd, on_line=on_line)
        except ProgramFailed as failed:
            if disk.ran_out(failed.said):
                raise ArtifactError(f"no free disk is left in {self._folder}; {disk.REMEDY}") from failed
            raise ArtifactError(
                f"Debian {self._suite}'s packages could not be fetched from the mirror in this machine's apt sources: "
                f"{first_error(failed.said)}; see that the network is up"
            ) from failed


def require_keyring() -> None:
    """Raise unless Debian's keys are here.

    Raises:
        UsageError: they are not; the sentence says how to get them.
    """
    if not KEYRING.exists():
        raise UsageError(f"{KEYRING} is missing: run `apt-get install debian-archive-keyring`")


def first_error(said: str) -> str:
    """The first line of apt's output that is an error, without its mark; the last line when none is."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [
        line.removeprefix("E:").removeprefix("Err:").strip()
        for line in lines
        if line.startswith(("E:", "W:"))
    ]
    return (errors or lines or ["it said nothing"])[0 if errors else -1]


def has_default_route(*tables: str) -> bool:
    """Whether any of `tables`, each like /proc/net/route or /proc/net/ipv6_route, leads everywhere."""
    for line in (line for table in tables for line in table.splitlines()):
        words = line.split()
        # IPv4: interface, destination, gateway, flags, ..., mask. IPv6: destination, prefix length, ..., interface.
        if len(words) == 11 and words[1] == words[7] == "00000000":
            return True
        if len(words) == 10 and (words[0], words[1]) == ("0" * 32, "00") and words[9] != "lo":
            return True
    return False


def _has_way_out() -> bool:
    return has_default_route(*(path.read_text() for path in ROUTES if path.exists()))


def package_version(archive: Path) -> str:
    """The version of the package in the file `archive`."""
    return run(["dpkg-deb", "--field", str(archive), "Version"], timeout=CONFIGURATION_TIMEOUT).stdout.strip()


def unpack(archive: Path, into: Path) -> None:
    """Unpack the package in the file `archive`; none of its scripts is run.

    Raises:
        ArtifactError: it is damaged.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        run(["dpkg-deb", "--extract", str(archive), str(into)], timeout=FETCH_TIMEOUT)
    except LabError as error:
        if disk.ran_out(str(error)):
            raise ArtifactError(f"no free disk is left in {into}; {disk.REMEDY}") from error
        archive.unlink(missing_ok=True)
        raise ArtifactError(
            f"{archive.name} could not be unpacked and was removed; run it again ({error})"
        ) from error


def _newest(archives: Path, package: str) -> Path:
    found = sorted(archives.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise ArtifactError(f"apt-get download brought no file for {package}")
    return found[-1]
