"""Where this machine's apt gets Debian from, and the sources.list lines that follow for a suite."""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.command import run
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

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
#: Seconds for apt to read the machine's configuration.
CONFIGURATION_TIMEOUT = 30.0


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
