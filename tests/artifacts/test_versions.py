from __future__ import annotations

from importlib import resources

import pytest

from calicolab.artifacts.calico_module import MODULE
from calicolab.calico.versions import (
    DEFAULT,
    UNAVAILABLE,
    VERSIONS,
    Version,
    comparison_key,
    expand,
    known,
    lookup,
    why_unavailable,
)
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


@pytest.mark.parametrize("name", ["v9.99.9", "", "../v3.23.2", "v3"])
def test_an_unknown_version_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match=r"unknown Calico version .*known are .*v3\.23\.2.*v3\.31\.0"):
        lookup(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("v3.24.5", r"v3\.24\.x: .*module proxy"),
        ("3.29.0", r"v3\.29\.x: .*module proxy"),
        ("v3.32.1", r"v3\.32\.x and newer"),
        ("v3.40", r"v3\.32\.x and newer"),
        ("v3.9.1", r"v3\.20\.x and older: .*repositories"),
        ("v3.23.5", r"of v3\.23 the module proxy serves v3\.23\.0, v3\.23\.2 only"),
        ("v3.23", r"of v3\.23 the module proxy serves"),
        ("v3.28.5", r"serves v3\.28\.6-0\.dev only"),
    ],
)
def test_one_that_cannot_be_built_is_answered_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"Calico {name} cannot be built: .*{reason}.*known are v3\.21\.4"):
        lookup(name)


@pytest.mark.parametrize("name", [*known(), "3.23.2", "v4.0.0", "latest", "", "v3.1234.0"])
def test_no_reason_is_made_up(name: str) -> None:
    assert why_unavailable(name) is None


def test_every_series_that_is_listed_is_really_not_there() -> None:
    assert all(reason for reason in UNAVAILABLE.values())
    for series in UNAVAILABLE:
        name = series.split(" ")[0].replace(".x", ".0")
        assert (why_unavailable(name) or "").startswith(f"{series}: "), series


def test_a_range_is_every_known_version_from_its_first_to_its_last() -> None:
    assert expand(["v3.22.0..v3.26.0"]) == ("v3.22.0", "v3.23.0", "v3.23.2", "v3.25.0", "v3.26.0")
    assert expand(["3.27.0..v3.27.0"]) == ("v3.27.0",)
    assert expand(["v3.31.0", "v3.27.0..v3.31.0"]) == ("v3.31.0", "v3.27.0", "v3.28.6-0.dev", "v3.30.1")
    assert expand(["all"]) == known()
    assert expand(["3.23.2", "v3.23.2"]) == ("v3.23.2",)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            "v3.27.0..v3.22.0",
            r"the range v3\.27\.0\.\.v3\.22\.0 runs backwards: write v3\.22\.0\.\.v3\.27\.0",
        ),
        ("v3.22.0..", "is no range of versions: write the first and the last"),
        ("..", "is no range of versions"),
        ("v3.22.0..v3.23.0..v3.25.0", "is no range of versions"),
        ("v3.22.0..v3.24.5", "Calico v3.24.5 cannot be built"),
        ("v3.22.0..latest", "unknown Calico version 'latest'"),
        ("v3.22.0...v3.27.0", r"unknown Calico version '\.v3\.27\.0'"),
    ],
)
def test_a_range_that_is_none_is_said(asked: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        expand([asked])


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
