"""The recipe of Docker's programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calicolab.artifacts import docker_programs
from calicolab.artifacts.docker_programs import DockerPrograms

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_its_key_follows_what_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = DockerPrograms(tmp_path).key
    assert DockerPrograms(tmp_path / "elsewhere").key == before
    assert DockerPrograms(tmp_path, probe=True).key != before
    first, *others = docker_programs.ENGINE
    monkeypatch.setattr(docker_programs, "ENGINE", (replace(first, suite="bookworm"), *others))
    assert DockerPrograms(tmp_path).key != before


def test_runc_is_of_debian_12_and_the_rest_of_docker_is_not() -> None:
    suites = {taken.package: taken.suite for taken in docker_programs.ENGINE}
    assert suites["runc"] == "bookworm"
    assert {suites["docker.io"], suites["docker-cli"], suites["containerd"]} == {"trixie"}
