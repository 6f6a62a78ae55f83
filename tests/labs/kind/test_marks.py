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
from calicolab.labs.kind.marks import Marks, new_marks, noted

if TYPE_CHECKING:
    from pathlib import Path


def test_names_differ_and_are_host_names() -> None:
    names = {new_marks("kind-v3.28.6-0.dev", standing=False).cluster for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"kind-v3-28-6-0-dev-[0-9a-f]{8}", name) for name in names)


def test_a_lab_is_abandoned_when_its_owner_is_gone_and_not_when_it_stands_by_itself() -> None:
    ours = new_marks("kind-v3.23.2", standing=False)
    assert ours.labels == {"calicolab.lab": ours.cluster, "calicolab.owner": processes.identity(os.getpid())}
    assert not ours.abandoned()
    gone = subprocess.Popen(["true"])
    owner = processes.identity(gone.pid)
    gone.wait()
    assert Marks("kind-1", owner).abandoned()
    # Its number was given to another process.
    assert Marks("kind-1", f"{os.getpid()}:1").abandoned()
    assert not new_marks("kind-v3.23.2", standing=True).abandoned()


def test_labs_of_another_engine_are_not_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(marks, "FOLDER", tmp_path / "calicolab" / "kind")
    here, there = (new_marks("kind-v3.23.2", standing=False) for _ in range(2))
    here.save(host="unix:///here")
    there.save(host="unix:///there")
    (there.folder / "owner.new").write_text("half a no")
    assert noted(host="unix:///here") == {here.cluster: here}
    assert json.loads((here.folder / "owner.json").read_text())["owner"] == here.owner
    assert here.folder.stat().st_mode & 0o077 == 0, "it holds keys"
