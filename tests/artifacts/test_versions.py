from __future__ import annotations

from importlib import resources

import pytest

from calicolab.artifacts.calico_module import MODULE
from calicolab.calico.versions import DEFAULT, VERSIONS, Version, comparison_key, known, lookup
from calicolab.errors import UsageError


def test_versions_are_compared_by_their_numbers() -> None:
    assert sorted(["v3.10.0", "v3.9.1", "v3.9", "3.28.6-0.dev"], key=comparison_key) == [
        "v3.9",
        "v3.9.1",
        "v3.10.0",
        "3.28.6-0.dev",
    ]


def test_the_known_ones_are_listed_oldest_first() -> None:
    assert list(known()) == sorted(known(), key=comparison_key)
    assert set(DEFAULT) <= set(known())


@pytest.mark.parametrize("name", ["v9.99.9", "", "../v3.23.2", "v3.23"])
def test_an_unknown_version_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match=r"unknown Calico version .*known are .*v3\.23\.2.*v3\.31\.0"):
        lookup(name)


def test_the_v_may_be_left_out() -> None:
    assert lookup("3.23.2") is lookup("v3.23.2")


@pytest.mark.parametrize("name", ["latest", "v3", "3.x"])
def test_what_is_no_version_cannot_be_compared(name: str) -> None:
    with pytest.raises(UsageError, match="write it like"):
        comparison_key(name)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_version_has_its_modules_pinned(version: Version) -> None:
    folder = resources.files("calicolab.artifacts") / "gomodules" / version.name
    required, sums = (folder / "go.mod").read_text(), (folder / "go.sum").read_text()
    for module, chosen in {MODULE: version.module, f"{MODULE}/lib/std": version.std}.items():
        if chosen is not None:
            assert f"{module} {chosen}" in required
            assert f"\n{module} {chosen} h1:" in f"\n{sums}"
    assert f"github.com/projectcalico/api {version.api}" in required
    assert f"github.com/projectcalico/api {version.api} h1:" in sums


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_bridges_called_br_are_left_alone_since_v3_25(version: Version) -> None:
    assert version.takes_br_bridges == (comparison_key(version.name) < comparison_key("v3.25.0"))
