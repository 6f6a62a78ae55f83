"""Debian packages by an apt of our own: its sources, lists and archives are in the cache, the machine's stay untouched.

Settings under /etc/apt/apt.conf.d (a proxy, for one) hold here as well, and so do apt's signature checks. The mirror
is the one that the machine's own apt uses.
"""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from calicolab.artifacts import disk
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.command import run
from calicolab.errors import ArtifactError, LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
#: Archive names under which a mirror of Debian's main archive may be listed.
DEBIAN_SUITES = frozenset(
    {
        "bullseye",
        "bookworm",
        "trixie",
        "forky",
        "sid",
        "oldoldstable",
        "oldstable",
        "stable",
        "testing",
        "unstable",
    }
)
#: Seconds for apt to read the machine's configuration, and to fetch lists or packages.
CONFIGURATION_TIMEOUT = 30.0
FETCH_TIMEOUT = 900.0


@dataclass(frozen=True)
class Source:
    """One line of the machine's apt sources; `origin` is "" where its lists were never fetched."""

    site: str
    suite: str
    component: str
    origin: str


def read_targets(listed: str) -> tuple[Source, ...]:
    """The sources in what `apt-get indextargets` printed, a line each: site, suite, component, origin."""
    sources = []
    for line in listed.splitlines():
        site, suite, component, origin = line.split("|")
        # apt prints what it does not know as it was asked for.
        sources.append(Source(site, suite, component, "" if origin.startswith("$(") else origin))
    return tuple(dict.fromkeys(sources))


@functools.cache
def machine_sources() -> tuple[Source, ...]:
    """The sources that this machine's apt is configured with.

    Raises:
        UsageError: there is no apt.
    """
    if shutil.which("apt-get") is None:
        raise UsageError(
            "apt-get was not found: the lab's programs come from Debian packages; use a Debian machine"
        )
    # All of them, whether their lists were ever fetched or not; without lists apt does not know an origin.
    every = _index_targets("--no-release-info")
    if len({source.site for source in every if _may_be_debians(source)}) < 2:
        return every
    origins = {source.site: source.origin for source in _index_targets()}
    return tuple(replace(source, origin=origins.get(source.site, "")) for source in every)


def source_lines(suite: str, sources: Sequence[Source]) -> tuple[str, ...]:
    """The sources.list lines for `suite`: its own on the machine's mirror, and its updates where the machine has them.

    Raises:
        UsageError: the machine's sources name no mirror of Debian.
    """
    mirrors = [source for source in sources if _may_be_debians(source)]
    # A mirror that says it is Debian's beats one that has not said anything yet.
    mirrors.sort(key=lambda source: source.origin != "Debian")
    if not mirrors:
        found = ", ".join(sorted({f"{source.site} {source.suite}" for source in sources})) or "none"
        raise UsageError(
            f"no mirror of Debian is among this machine's apt sources (found: {found}); "
            "add one to /etc/apt/sources.list.d"
        )
    pairs = [(mirrors[0].site, suite)]
    pairs += [
        (source.site, source.suite)
        for source in sources
        if source.component == "main" and source.suite in (f"{suite}-updates", f"{suite}-security")
    ]
    return tuple(f"deb [signed-by={KEYRING}] {site} {name} main" for site, name in dict.fromkeys(pairs))


def _may_be_debians(source: Source) -> bool:
    return source.component == "main" and source.suite in DEBIAN_SUITES and source.origin in ("", "Debian")


def _index_targets(*options: str) -> tuple[Source, ...]:
    wanted = ("--format", "$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages")
    return read_targets(
        run(["apt-get", "indextargets", *options, *wanted], timeout=CONFIGURATION_TIMEOUT).stdout
    )


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
        # Retries=0: what does not answer now is said now. Error-Mode: a list that failed is an error.
        # The lock: apt does not wait for another apt-get update, it fails.
        with filelock.FileLock(self._folder / "update.lock", timeout=FETCH_TIMEOUT):
            self._apt_get("-o", "Acquire::Retries=0", "-o", "APT::Update::Error-Mode=any", "update")

    def download(self, packages: Sequence[str], *, on_line: Callable[[str], None]) -> tuple[Path, ...]:
        """Fetch `packages` (without what they depend on) and return their files, in that order.

        Raises:
            ArtifactError: one could not be fetched.
        """
        archives = self._folder / "cache" / "archives"
        self._apt_get("download", *packages, cwd=archives, on_line=on_line)
        return tuple(_newest(archives, package) for package in packages)

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
