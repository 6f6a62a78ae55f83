"""The locked dependencies are those of pyproject.toml, each with checksums, and name no registry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

TREE = Path(__file__).resolve().parent.parent
LOCKED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE)


def locked(name: str) -> dict[str, tuple[Version, str]]:
    """Version and the rest of its entry of each package in a lock."""
    text = (TREE / "requirements" / name).read_text(encoding="utf-8")
    return {match["name"]: (Version(match["version"]), match["rest"]) for match in LOCKED.finditer(text)}


def asked(*groups: str) -> list[Requirement]:
    """What pyproject.toml asks for: the dependencies and the groups, with those that they include."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = list(project["project"]["dependencies"])
    for group in groups:
        for entry in project["dependency-groups"][group]:
            wanted += (
                [entry] if isinstance(entry, str) else project["dependency-groups"][entry["include-group"]]
            )
    return [Requirement(text) for text in wanted]


@pytest.mark.parametrize(("lock", "groups"), [("base.txt", ["build"]), ("dev.txt", ["dev"])])
def test_all_that_is_asked_for_is_locked(lock: str, groups: list[str]) -> None:
    versions = {name: version for name, (version, _) in locked(lock).items()}
    wanted = asked(*groups)
    missing = [str(one) for one in wanted if canonicalize_name(one.name) not in versions]
    assert missing == [], f"run `tox run -e lock`: {lock} lacks them"
    stale = [str(one) for one in wanted if not one.specifier.contains(versions[canonicalize_name(one.name)])]
    assert stale == [], f"run `tox run -e lock`: {lock} holds other versions"


@pytest.mark.parametrize("lock", ["base.txt", "dev.txt"])
def test_every_locked_package_has_checksums(lock: str) -> None:
    entries = locked(lock)
    assert len(entries) > 10
    assert [name for name, (_, rest) in entries.items() if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize("lock", ["base.txt", "dev.txt"])
def test_no_lock_names_a_registry(lock: str) -> None:
    assert "://" not in (TREE / "requirements" / lock).read_text(encoding="utf-8")


def test_what_tests_install_holds_what_running_installs() -> None:
    base, dev = locked("base.txt"), locked("dev.txt")
    assert {name: version for name, (version, _) in base.items()}.items() <= {
        name: version for name, (version, _) in dev.items()
    }.items()
