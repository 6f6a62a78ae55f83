"""`calicolab build`: what it says to bad input, and with which exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab import cli
from calicolab.calico.versions import UNAVAILABLE, known
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALICOLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CALICOLAB_REGISTRY_PINS", raising=False)
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["v9.99.9"], "unknown Calico version 'v9.99.9': known are v3."),
        (["v3.24.5"], "Calico v3.24.5 cannot be built: v3.24.x: Calico's tags are no Go module versions"),
        (["v3.27.0..v3.22.0"], "the range v3.27.0..v3.22.0 runs backwards"),
        (["--source", "registry"], "--source registry is for --lab kind: the namespace lab is made of files"),
        (
            ["--lab", "kind", "--source", "registry", "v3.23.2"],
            "has no digest for docker.io/calico/node:v3.23.2",
        ),
        (["--lab", "kind", "--source", "cloud"], "unknown source 'cloud': known are gomod, registry"),
        (["--lab", "mine"], "there is no lab of kind 'mine': the labs are netns, kind"),
        (["--source", "cloud"], "unknown source 'cloud': known are gomod, registry"),
    ],
)
def test_what_cannot_be_asked_for_is_said_in_one_line(
    arguments: list[str], sentence: str, empty_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["build", *arguments]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not empty_cache.exists()


def test_what_can_be_built_and_what_not_is_listed(
    empty_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["build", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("not ")] == list(known())
    assert [line for line in lines if line.startswith("not ")] == [
        f"not {series}: {reason}" for series, reason in UNAVAILABLE.items()
    ]
    assert not empty_cache.exists()


def test_a_range_is_built(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def obtain(versions: Sequence[str], **_: object) -> dict[str, object]:
        asked.extend(versions)
        return {}

    monkeypatch.setattr("calicolab.commands.build.obtain", obtain)
    assert cli.main(["build", "v3.22.0..v3.23.2", "all"]) == 0
    assert asked == [
        "v3.22.0",
        "v3.23.0",
        "v3.23.2",
        *(name for name in known() if name[:5] not in ("v3.22", "v3.23")),
    ]
    capsys.readouterr()


@pytest.mark.parametrize(("raised", "code"), [(ArtifactError("no network"), 6), (KeyboardInterrupt(), 130)])
def test_what_breaks_is_inconclusive(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_positional: object, **_named: object) -> None:
        raise raised

    monkeypatch.setattr("calicolab.commands.build.obtain", fail)
    assert cli.main(["build"]) == code
    assert capsys.readouterr().err.startswith("calicolab: ")


def test_a_root_file_system_asked_for_by_somebody_else_than_root_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    from calicolab.artifacts.debian_root import DebianRoot
    from calicolab.errors import UsageError

    with pytest.raises(UsageError, match="only root can make it"):
        DebianRoot(tmp_path).check()
