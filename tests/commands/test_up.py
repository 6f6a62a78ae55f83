"""`calicolab up`: a lab that does not come up leaves what tells why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calicolab import cli, labs
from calicolab.errors import LabError
from calicolab.labs import standing

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[LabError], int]:
    """`calicolab up` of a lab that raises this."""
    monkeypatch.setattr(standing, "FOLDER", tmp_path / "labs")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    class Lab:
        def __init__(self, error: LabError) -> None:
            self.error = error

        def up(self) -> None:
            raise self.error

    def run(error: LabError) -> int:
        def create(*_asked: Any, **_more: Any) -> Lab:
            return Lab(error)

        monkeypatch.setattr(labs, "create", create)
        return cli.main(["up", "--lab", "kind"])

    return run


def test_its_logs_are_kept_without_secrets(
    up: Callable[[LabError], int], capsys: pytest.CaptureFixture[str]
) -> None:
    error = LabError("kind could not create the cluster")
    error.logs = {"kind.txt": "it said\n", "node01-kubelet.txt": "password: plantedplain\n"}
    assert up(error) == 6
    said = capsys.readouterr().err
    found = re.fullmatch(
        r"calicolab: kind could not create the cluster \(in (.*/calicolab-logs-\w+)\)\n", said
    )
    assert found is not None, said
    kept = {file.name: file.read_text() for file in Path(found[1]).iterdir()}
    assert kept == {"kind.txt": "it said\n", "node01-kubelet.txt": "password: [redacted]\n"}


def test_without_logs_there_is_no_folder(
    up: Callable[[LabError], int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert up(LabError("etcd does not serve")) == 6
    assert capsys.readouterr().err == "calicolab: etcd does not serve\n"
    assert not list(tmp_path.glob("calicolab-logs-*"))
