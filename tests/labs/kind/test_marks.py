"""A lab's name can be part of a host name, and says whose the lab is."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from calicolab.host import processes
from calicolab.labs.kind import marks
from calicolab.labs.kind.marks import Marks, Noted, new_marks, noted

if TYPE_CHECKING:
    from pathlib import Path


def test_names_differ_and_are_host_names() -> None:
    names = {new_marks("kind-v3.28.6-0.dev", standing=False).cluster for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"kind-v3-28-6-0-dev-[0-9a-f]{8}", name) for name in names)


def test_a_lab_is_abandoned_when_its_owner_is_gone_and_not_when_it_stands_by_itself() -> None:
    ours = new_marks("kind-v3.23.2", standing=False)
    assert ours.labels == {
        "calicolab.lab": ours.cluster,
        "calicolab.owner": processes.identity(os.getpid()),
        "calicolab.processes": marks.pid_namespace(),
    }
    assert not ours.abandoned()
    gone = subprocess.Popen(["true"])
    owner = processes.identity(gone.pid)
    gone.wait()
    assert Marks("kind-1", owner).abandoned()
    # Its number was given to another process.
    assert Marks("kind-1", f"{os.getpid()}:1").abandoned()
    assert not new_marks("kind-v3.23.2", standing=True).abandoned()


def test_what_is_noted_says_whose_a_lab_is_and_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(marks, "FOLDER", tmp_path / "calicolab" / "kind")
    here, there = sorted(
        (new_marks("kind-v3.23.2", standing=False) for _ in range(2)), key=lambda one: one.cluster
    )
    here.save(host="unix:///here")
    there.save(host="unix:///there")
    (there.folder / "owner.new").write_text("half a no")
    assert noted() == [Noted(here, host="unix:///here"), Noted(there, host="unix:///there")]
    assert json.loads((here.folder / "owner.json").read_text())["owner"] == here.owner
    assert here.folder.stat().st_mode & 0o077 == 0, "it holds keys"
