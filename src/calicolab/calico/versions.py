"""The versions of Calico that can be stood up: data, one row each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Where v3.31 and its neighbours keep the version that a program prints.
_ONE_VARIABLE = ("pkg/buildinfo.Version",)
#: Where they kept it before: the node's start and its -v, calicoctl twice; the CNI plugin's is its main package's.
_MANY_VARIABLES = (
    "node/pkg/lifecycle/startup.VERSION",
    "node/buildinfo.GitVersion",
    "calicoctl/calicoctl/commands.VERSION",
    "calicoctl/calicoctl/commands/common.VERSION",
)


@dataclass(frozen=True)
class Version:
    """One version of Calico and the Go modules it is built from; its go.mod is in artifacts/gomodules/<name>/."""

    #: As Calico calls it.
    name: str
    #: Version of the module github.com/projectcalico/calico.
    module: str
    #: Version of github.com/projectcalico/api, which Calico's own go.mod replaces by a folder.
    api: str
    #: Whether the autodetection method first-found takes an interface called br-*: v3.24 and older do.
    takes_br_bridges: bool
    #: Version of github.com/projectcalico/calico/lib/std, replaced by a folder too; None before v3.30.
    std: str | None = None
    #: Variables of the calico module, below its path, that hold the version a program prints.
    version_variables: tuple[str, ...] = _MANY_VARIABLES
    #: Whether the CNI plugin's own version is `main.VERSION` of its program.
    cni_main_version: bool = True


VERSIONS = (
    Version(
        name="v3.21.4",
        module="v0.0.0-20220114225106-220d04c9429e",
        api="v0.0.0-20211102223522-996da60fc572",
        takes_br_bridges=True,
    ),
    Version(
        name="v3.22.0",
        module="v0.0.0-20220128225346-a86e41d021c4",
        api="v0.0.0-20220129171738-695e97a25204",
        takes_br_bridges=True,
    ),
    Version(
        name="v3.23.0",
        module="v0.0.0-20220509191150-29de1d3f8dd7",
        api="v0.0.0-20220505231559-852f5034c309",
        takes_br_bridges=True,
    ),
    Version(
        name="v3.23.2",
        module="v1.11.0-cni-plugin.0.20220623222645-a52cb86dbaad",
        api="v0.0.0-20220505231559-852f5034c309",
        takes_br_bridges=True,
    ),
    Version(
        name="v3.25.0",
        module="v0.0.0-20230111220342-3f7fe4d29054",
        api="v0.0.0-20230222223746-44aa60c2201f",
        takes_br_bridges=False,
    ),
    Version(
        name="v3.26.0",
        module="v0.0.0-20230526220659-8b103f46fbdc",
        api="v0.0.0-20230602153125-fb7148692637",
        takes_br_bridges=False,
    ),
    Version(
        name="v3.27.0",
        module="v0.0.0-20231216011042-6334b9da6086",
        api="v0.0.0-20231218190037-9183ab93f33e",
        takes_br_bridges=False,
    ),
    Version(
        name="v3.28.6-0.dev",
        module="v1.11.0-cni-plugin.0.20250813170300-a0db560f0520",
        api="v0.0.0-20240708202104-e3f70b269c2c",
        takes_br_bridges=False,
    ),
    Version(
        name="v3.30.1",
        module="v0.0.0-20250529224300-393b14e729a6",
        api="v0.0.0-20250617202239-c3be7477438e",
        std="v0.0.0-20250529224300-393b14e729a6",
        takes_br_bridges=False,
    ),
    Version(
        name="v3.31.0",
        module="v0.0.0-20251021213802-b1f3c43f8437",
        api="v0.0.0-20251022175904-f2ab03771208",
        std="v0.0.0-20251021213802-b1f3c43f8437",
        version_variables=_ONE_VARIABLE,
        cni_main_version=False,
        takes_br_bridges=False,
    ),
)

_NOT_SERVED = (
    "Calico's tags are no Go module versions, and the module proxy serves only the commits it happens to have; "
    "it has none of this series"
)
#: What cannot be built, and why: series of releases, oldest first. Asked of the module proxy in November 2026.
UNAVAILABLE = MappingProxyType(
    {
        "v3.20.x and older": "Calico was many repositories before v3.21, and one module is what is built here",
        "v3.24.x": _NOT_SERVED,
        "v3.29.x": _NOT_SERVED,
        "v3.32.x and newer": _NOT_SERVED,
    }
)

#: The version of the founding incident: what is run when none is named.
INCIDENT = "v3.23.2"
#: What is built when no version is named: the incident's, and a current one in which it does not happen.
DEFAULT = (INCIDENT, "v3.31.0")
#: How all of them are asked for, and what stands between the first and the last of a range.
ALL, RANGE = "all", ".."


def known() -> tuple[str, ...]:
    """The names of all versions, oldest first."""
    return tuple(sorted((version.name for version in VERSIONS), key=comparison_key))


def lookup(name: str) -> Version:
    """The version called `name`, with or without its "v".

    Raises:
        UsageError: there is none; the sentence says why where that is known, and lists the known ones.
    """
    for version in VERSIONS:
        if version.name == name or version.name == f"v{name}":
            return version
    listed = f"known are {', '.join(known())}"
    reason = why_unavailable(name)
    if reason is not None:
        raise UsageError(f"Calico {name} cannot be built: {reason}; {listed}")
    raise UsageError(f"unknown Calico version {name!r}: {listed}")


def why_unavailable(name: str) -> str | None:
    """Why the release `name` of Calico 3 cannot be built; None for one that can, and for what is none."""
    match = re.fullmatch(r"v?3\.(\d{1,3})(?:\.(?:\d{1,3}|x))?(?:-.*)?", name)
    if match is None or name in known() or f"v{name}" in known():
        return None
    minor = int(match[1])
    for series, reason in UNAVAILABLE.items():
        _, number, _ = series.split(" ")[0].split(".")
        if (
            minor == int(number)
            or (minor < int(number) and "older" in series)
            or (minor > int(number) and "newer" in series)
        ):
            return f"{series}: {reason}"
    neighbours = [row for row in known() if comparison_key(row)[1] == minor]
    return f"of v3.{minor} the module proxy serves {', '.join(neighbours)} only"


def expand(asked: Iterable[str]) -> tuple[str, ...]:
    """The versions that are meant, each once, in the order in which they were asked for.

    Args:
        asked: names, "all", or ranges such as "v3.22.0..v3.27.0": all known ones from the first to the last of it.

    Raises:
        UsageError: one is not known, or a range has no such end or runs backwards.
    """
    return tuple(dict.fromkeys(name for one in asked for name in _expand(one)))


def _expand(asked: str) -> tuple[str, ...]:
    if asked == ALL:
        return known()
    if RANGE not in asked:
        return (lookup(asked).name,)
    ends = asked.split(RANGE)
    if len(ends) != 2 or not all(ends):
        raise UsageError(
            f"{asked!r} is no range of versions: write the first and the last, as in v3.22.0{RANGE}v3.27.0"
        )
    first, last = (lookup(end).name for end in ends)
    if comparison_key(first) > comparison_key(last):
        raise UsageError(f"the range {asked} runs backwards: write {last}{RANGE}{first}")
    return tuple(
        name for name in known() if comparison_key(first) <= comparison_key(name) <= comparison_key(last)
    )


def comparison_key(name: str) -> tuple[int, ...]:
    """A key by which v3.9 comes before v3.10.

    Raises:
        UsageError: `name` is not like v3.23.2.
    """
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-.*)?", name)
    if match is None:
        raise UsageError(f"{name!r} is not a version of Calico: write it like v3.23.2")
    return tuple(int(number or 0) for number in match.groups())
