"""The way into a container's file system."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from calicolab.calico import bird_paths
from calicolab.errors import LabError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_absolute_link_stays_in_the_container(tmp_path: Path) -> None:
    (tmp_path / "run" / "calico").mkdir(parents=True)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "run").symlink_to("/run")
    found = bird_paths.inside(tmp_path, bird_paths.SOCKET)
    assert found == tmp_path / "run" / "calico" / "bird.ctl"
    assert os.path.realpath(tmp_path / "var" / "run") == os.path.realpath("/run"), (
        "else there were nothing to do"
    )


def test_relative_links_and_parents(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "run").symlink_to("../../../here")
    (tmp_path / "here").symlink_to("there/./x/..")
    assert (
        bird_paths.inside(tmp_path, "/var/run/calico/bird.ctl") == tmp_path / "there" / "calico" / "bird.ctl"
    )


def test_what_is_not_there_yet_is_taken_as_it_is(tmp_path: Path) -> None:
    assert (
        bird_paths.inside(tmp_path, bird_paths.LOG)
        == tmp_path / "var" / "log" / "calico" / "bird" / "current"
    )


def test_a_circle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "var").symlink_to("/var")
    with pytest.raises(LabError, match="more than 40 symbolic links"):
        bird_paths.inside(tmp_path, bird_paths.SOCKET)
