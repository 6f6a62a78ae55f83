"""Which labs are removed as nobody's: what is noted counts, and of whom nobody can tell is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calicolab.command import CommandResult
from calicolab.engine import Engine
from calicolab.labs.kind import marks, ownership
from calicolab.labs.kind.marks import STANDING, Marks, new_marks

DEAD = "1:1"
HERE = marks.pid_namespace()


class Labels(Engine):
    """An engine that has containers with these labels: lab, owner, and the PID namespace of that."""

    lines: list[str]

    def run(self, *arguments: str, **_more: Any) -> CommandResult:
        said = "".join(f"{line}\n" for line in self.lines) if arguments[0] == "ps" else ""
        return CommandResult(("docker", *arguments), 0, said, "", 0.0)


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The labs that were removed."""
    names: list[str] = []
    monkeypatch.setattr(marks, "FOLDER", tmp_path / "calicolab" / "kind")
    monkeypatch.setattr(ownership, "remove", lambda _engine, name: names.append(name))
    return names


def engine(*lines: str, host: str = "unix:///run/docker.sock") -> Engine:
    made = Labels(Path("docker"), host, private=False, proc=Path("/proc"), network=Path("/net"))
    vars(made).update(lines=list(lines))
    return made


def test_a_lab_whose_owner_is_gone_is_removed(removed: list[str]) -> None:
    Marks("kind-b", DEAD).save(host="unix:///run/docker.sock")
    assert ownership.reap(engine(f"kind-a {DEAD} {HERE}")) == removed == ["kind-a", "kind-b"]


def test_a_kept_lab_is_kept_however_its_engine_is_called(removed: list[str]) -> None:
    """Its labels name who made it, as they cannot be changed."""
    Marks("kind-a", STANDING).save(host="unix:///var/run/docker.sock")
    assert ownership.reap(engine(f"kind-a {DEAD} {HERE}")) == removed == []


def test_a_lab_of_another_engine_is_left_alone(removed: list[str]) -> None:
    Marks("kind-a", DEAD).save(host="unix:///elsewhere.sock")
    assert ownership.reap(engine()) == removed == []


@pytest.mark.parametrize("namespace", ["4", ""])
def test_so_is_one_whose_owner_has_its_number_elsewhere(removed: list[str], namespace: str) -> None:
    """As when two containers use one engine: the other's processes cannot be seen."""
    assert ownership.reap(engine(f"kind-a {DEAD} {namespace}")) == removed == []


def test_one_that_stood_already_is_not_noted_again(removed: list[str]) -> None:
    """Whoever looked at it may let go of it after it was taken down."""
    standing = new_marks("kind-v3.23.2", standing=True)
    ownership.guarded(engine(), standing).keep()
    assert not standing.folder.exists()
    assert not removed
