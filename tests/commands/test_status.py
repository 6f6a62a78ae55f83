"""`calicolab status`: every lab is shown, and one of which nobody can tell does not hide the others."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from calicolab import cli
from calicolab.commands import status
from calicolab.errors import LabError
from calicolab.faults import marks
from calicolab.labs import standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _labs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three labs are noted: one has ended, one cannot be reached, one is well but for a fault."""
    monkeypatch.setattr(standing, "FOLDER", tmp_path)
    for name in ("ended", "stuck", "well"):
        (tmp_path / f"{name}.json").touch()

    def load(name: str) -> Any:
        if name == "stuck":
            raise LabError("the private Docker engine does not answer")
        return SimpleNamespace(name=name) if name == "well" else None

    @contextmanager
    def attached(_name: str) -> Iterator[Any]:
        yield SimpleNamespace(mesh=lambda: "6 sessions Established")

    monkeypatch.setattr(standing, "load", load)
    monkeypatch.setattr(status, "attached", attached)
    monkeypatch.setattr(marks, "found", lambda _lab: ("docker-bridge on node02",))
    monkeypatch.setattr(status, "diagnose", lambda _lab: [])


def test_one_that_cannot_be_told_is_said_beside_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 1
    said = capsys.readouterr().out
    assert "lab 'stuck': the private Docker engine does not answer\n" in said
    assert "6 sessions Established\n  injected: docker-bridge on node02\n" in said
    assert "ended" not in said


def test_one_alone_is_asked_for_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--name", "well"]) == 0
    assert "stuck" not in capsys.readouterr().out


def test_none_is_said_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("stuck", "well"):
        (tmp_path / f"{name}.json").unlink()
    assert cli.main(["status"]) == 0
    assert "no lab stands" in capsys.readouterr().out
