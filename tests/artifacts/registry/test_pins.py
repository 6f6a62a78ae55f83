"""Which image is pulled for what: data of ours and of a user's, and what is refused before anything is pulled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts.kubernetes import sources
from calicolab.artifacts.registry import choice, pins
from calicolab.artifacts.registry.pins import Pin, Pins
from calicolab.calico import versions
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = f"sha256:{'1' * 64}"
#: What a lab of Calico v3.25.0 needs, and more.
ROWS = (
    Pin("node", "docker.io/kindest/node", "v1.33.4", DIGEST),
    Pin("node", "docker.io/kindest/node", "v1.34.0", DIGEST),
    Pin("load balancer", "docker.io/kindest/haproxy", "v1", DIGEST),
    Pin("etcd", "registry.example.org/etcd", "3.5.21-0", DIGEST),
    Pin("pods", "docker.io/library/python", "3", DIGEST),
    Pin("conformance tests", "registry.example.org/e2e/agnhost", "2.56", DIGEST),
    Pin("calico", "quay.io/calico/node", "v3.25.0", DIGEST),
    Pin("calico", "quay.io/calico/cni", "v3.25.0", DIGEST),
    Pin("calico", "quay.io/calico/kube-controllers", "v3.25.0", DIGEST),
)


@pytest.fixture(autouse=True)
def _nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pins.SETTING, raising=False)


def choose(*rows: Pin, version: str = "v3.25.0") -> choice.Choice:
    return choice.choose(Pins(rows), versions=[version], kubernetes="v1.34.4")


def test_every_digest_of_ours_says_where_it_was_seen() -> None:
    rows = pins.load()
    known = [pin for purpose in ("node", "etcd", "pods", "calico") for pin in rows.rows(purpose)]
    assert {bool(pin.digest) for pin in known} == {True, False}
    assert [pin.reference for pin in known if bool(pin.digest) != bool(pin.seen)] == []


def test_ours_are_enough_for_a_version_whose_images_are_pinned() -> None:
    chosen = choice.choose(pins.load(), versions=["v3.25.0"], kubernetes=sources.KUBERNETES)
    assert choice.minor_version(chosen.node.tag) == choice.minor_version(sources.KUBERNETES)
    assert [choice.short_name(pin) for pin in chosen.tests] == ["agnhost", "jessie-dnsutils"]
    assert {pin.tag for pin in chosen.calico["v3.25.0"].values()} == {"v3.25.0"}


@pytest.mark.parametrize("version", versions.DEFAULT)
def test_a_digest_that_nobody_found_is_said_to_be_missing(version: str) -> None:
    with pytest.raises(UsageError) as refused:
        choice.choose(pins.load(), versions=[version], kubernetes=sources.KUBERNETES)
    said = str(refused.value)
    assert "--source registry has no digest for " in said
    for name in choice.CALICO:
        assert f"/calico/{name}:{version}" in said
    assert pins.SETTING in said
    assert "\n" not in said


def test_what_is_chosen_fits() -> None:
    chosen = choose(*ROWS)
    assert chosen.node.tag == "v1.34.0"
    assert chosen.node.pinned == f"docker.io/kindest/node:v1.34.0@{DIGEST}"
    assert len(chosen.all) == len(ROWS) - 1


@pytest.mark.parametrize(
    "left_out", [row for row in ROWS if row.tag != "v1.33.4" and "agnhost" not in row.name]
)
def test_what_there_is_no_row_for_is_said(left_out: Pin) -> None:
    with pytest.raises(UsageError, match=f"--source registry has no image .*{pins.SETTING}"):
        choose(*(row for row in ROWS if row is not left_out))


def test_another_version_of_calico_has_no_row() -> None:
    with pytest.raises(
        UsageError, match=r"no image of calico/node, calico/cni, calico/kube-controllers v3\.26\.0"
    ):
        choose(*ROWS, version="v3.26.0")


def test_images_that_are_asked_for_by_other_names_are_said() -> None:
    pinned = {"node": ROWS[6]}
    choice.require_names({"node": "quay.io/calico/node:v3.25.0", "more": "x"}, pinned, by="the manifest")
    with pytest.raises(
        UsageError, match=r"does not ask for .*quay.*\(it asks for docker.io/calico/node:v3.25.0\)"
    ):
        choice.require_names({"node": "docker.io/calico/node:v3.25.0"}, pinned, by="the manifest")
    with pytest.raises(UsageError, match=r"it asks for none of that name"):
        choice.require_names({}, pinned, by="the manifest")


def test_a_user_adds_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(
        f'[[image]]\npurpose = "calico"\nname = "docker.io/calico/{name}"\ntag = "v3.23.2"\ndigest = "{DIGEST}"\n'
        for name in choice.CALICO
    )
    (tmp_path / "pins.toml").write_text(rows)
    monkeypatch.setenv(pins.SETTING, str(tmp_path / "pins.toml"))
    chosen = choice.choose(pins.load(), versions=["v3.23.2"], kubernetes=sources.KUBERNETES)
    assert {pin.digest for pin in chosen.calico["v3.23.2"].values()} == {DIGEST}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[image]\n", "not a file of pins"),
        ('[[image]]\npurpose = "node"\n', "missing required field `name`"),
        (
            '[[image]]\npurpose = "pods"\nname = "docker.io/a/b"\ntag = "1"\ndigest = "sha256:12"\n',
            r"matching regex .*digest",
        ),
        ('[[image]]\npurpose = "pods"\nname = "python"\ntag = "1"\n', r"matching regex .*name"),
        ('[[image]]\npurpose = "luck"\nname = "docker.io/a/b"\ntag = "1"\n', "Invalid enum value 'luck'"),
        (
            '[[image]]\npurpose = "pods"\nname = "docker.io/a/b"\ntag = "1"\nhash = ""\n',
            "unknown field `hash`",
        ),
        ("", "missing required field `image`"),
    ],
)
def test_a_file_of_another_form_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    file = tmp_path / "pins.toml"
    file.write_text(text)
    monkeypatch.setenv(pins.SETTING, str(file))
    with pytest.raises(UsageError, match=rf"{pins.SETTING} names {re.escape(str(file))}, .*{said}"):
        pins.load()


def test_a_file_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pins.SETTING, str(tmp_path / "none"))
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        pins.load()
