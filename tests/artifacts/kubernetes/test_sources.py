from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calicolab.artifacts.kubernetes.pin import PINNED, compose
from calicolab.artifacts.kubernetes.sources import E2E, GINKGO, KUBERNETES, PROGRAMS, SOURCES, Source
from calicolab.errors import UsageError

THEIRS: dict[str, Any] = {
    "Go": "1.24.0",
    "Require": [
        {"Path": "github.com/spf13/cobra", "Version": "v1.9.1"},
        {"Path": "k8s.io/api", "Version": "v0.0.0"},
    ],
    "Replace": [
        {"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
        {"Old": {"Path": "a.org/b", "Version": "v1.0.0"}, "New": {"Path": "a.org/c", "Version": "v1.0.1"}},
    ],
}


def test_folders_become_versions() -> None:
    assert compose(THEIRS, replace(PROGRAMS, version="v1.2.3", staging="v0.2.3")) == (
        "module calicolab.invalid/kubernetes\n\n"
        "go 1.24.0\n\n"
        "require (\n"
        "\tk8s.io/kubernetes v1.2.3\n"
        "\tgithub.com/spf13/cobra v1.9.1\n"
        "\tk8s.io/api v0.2.3\n"
        ")\n\n"
        "replace (\n"
        "\tk8s.io/api => k8s.io/api v0.2.3\n"
        "\ta.org/b v1.0.0 => a.org/c v1.0.1\n"
        ")\n"
    )


def test_folders_that_no_version_stands_for_are_named() -> None:
    with pytest.raises(UsageError, match=r"k8s\.io/api by folders"):
        compose(THEIRS, replace(PROGRAMS, staging=None))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_is_built_is_what_is_pinned(source: Source) -> None:
    folder = PINNED / source.pins
    assert f"\t{source.module} {source.version}\n" in (folder / "go.mod").read_text().replace(
        "require ", "\t"
    )
    assert f"{source.module} {source.version} h1:" in (folder / "go.sum").read_text()


def test_programs_say_the_version_that_they_are() -> None:
    variables = PROGRAMS.variables
    package = "k8s.io/component-base/version"
    assert variables[f"{package}.gitVersion"] == KUBERNETES
    assert KUBERNETES.startswith(f"v{variables[f'{package}.gitMajor']}.{variables[f'{package}.gitMinor']}.")
    assert PROGRAMS.staging == "v0" + KUBERNETES.removeprefix("v1")


def test_ginkgo_is_the_one_that_the_tests_are_built_with() -> None:
    assert f"\t{GINKGO.module} {GINKGO.version} " in (PINNED / E2E.pins / "go.mod").read_text()
