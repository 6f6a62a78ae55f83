"""The versions of Calico that can be stood up: data, one row each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from calicolab.errors import UsageError

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
        api="v0.0.0-20231218183251-ca8b84e86dfd",
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

#: The version of the founding incident: what is run when none is named.
INCIDENT = "v3.23.2"
#: What is built when no version is named: the incident's, and a current one in which it does not happen.
DEFAULT = (INCIDENT, "v3.31.0")


def known() -> tuple[str, ...]:
    """The names of all versions, oldest first."""
    return tuple(sorted((version.name for version in VERSIONS), key=comparison_key))


def lookup(name: str) -> Version:
    """The version called `name`, with or without its "v".

    Raises:
        UsageError: there is none; the sentence lists the known ones.
    """
    for version in VERSIONS:
        if version.name == name or version.name == f"v{name}":
            return version
    raise UsageError(f"unknown Calico version {name!r}: known are {', '.join(known())}")


def comparison_key(name: str) -> tuple[int, ...]:
    """A key by which v3.9 comes before v3.10.

    Raises:
        UsageError: `name` is not like v3.23.2.
    """
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-.*)?", name)
    if match is None:
        raise UsageError(f"{name!r} is not a version of Calico: write it like v3.23.2")
    return tuple(int(number or 0) for number in match.groups())
