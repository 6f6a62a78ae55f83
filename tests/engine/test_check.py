"""What a machine lacks for a private engine is named before anything is made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from calicolab.engine import place as places
from calicolab.engine import private
from calicolab.engine.place import Note, Place
from calicolab.errors import UsageError


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    """A machine that could have one, whatever this one is."""
    (tmp_path / "cgroup/memory").mkdir(parents=True)
    (tmp_path / "cgroup/memory/cgroup.procs").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(places, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(places, "RUN", tmp_path / "run")
    monkeypatch.setattr(private, "MEGABYTES", 1)
    return Place(data=tmp_path / "data", name="engine")


def test_a_capable_machine_is_taken(at: Place) -> None:
    private.check(at)


def test_without_root_it_is_refused(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="needs root"):
        private.check(at)
    with pytest.raises(UsageError, match="needs root"):
        private.down(place=at)


def test_a_missing_program_is_named(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "unshare" else program)
    with pytest.raises(UsageError, match="needs unshare: install util-linux"):
        private.check(at)


def test_too_little_room_is_said_with_what_to_do(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=1000, f_frsize=4096))
    monkeypatch.setattr(private, "MEGABYTES", 6000)
    with pytest.raises(
        UsageError, match=r"not enough free disk: about 6000 MB .* 4 MB are free.*CALICOLAB_CACHE"
    ):
        private.check(at)


def test_no_cgroups_are_said(at: Place) -> None:
    (places.CGROUPS / "memory/cgroup.procs").unlink()
    with pytest.raises(UsageError, match="no cgroups are mounted"):
        private.check(at)


def test_what_a_killed_one_left_is_removed_and_nothing_else(at: Place, tmp_path: Path) -> None:
    setting = tmp_path / "setting"
    setting.write_text("changed")
    at.prepare()
    at.save(Note(init="1:1", programs="/programs", kernel={str(setting): "before"}))
    at.socket.touch()
    (places.CGROUPS / "memory/calicolab-engine/one/two").mkdir(parents=True)
    (places.CGROUPS / "memory/somebody").mkdir()
    (places.RUN / "lab.json").touch()
    assert at.running() is None
    at.clean()
    assert not at.folder.exists()
    assert setting.read_text() == "before"
    assert [path.name for path in (places.CGROUPS / "memory").iterdir() if path.is_dir()] == ["somebody"]
    assert (places.RUN / "lab.json").exists()
    assert at.data.exists()
