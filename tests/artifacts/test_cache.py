"""The cache is whole, or it is rebuilt; and it is filled once, whoever else fills it and however that ends."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts import leftovers
from calicolab.artifacts.cache import Cache, checksum
from calicolab.artifacts.disk import Need
from calicolab.errors import ArtifactError, UsageError
from calicolab.wait import wait_for
from tests.artifacts.recipes import Notes, Tree

if TYPE_CHECKING:
    from collections.abc import Callable

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "log")


def fill(cache: Cache, tree: Tree) -> Notes:
    notes = Notes()
    (entry,) = cache.obtain([tree], report=notes)
    assert entry.manifest.provenance == {"tree": "grown"}
    assert (entry.files / "bin" / "also").read_bytes() == bytes(100_000)
    return notes


def another_process(cache: Cache, tree: Tree, *, seconds: float) -> subprocess.Popen[bytes]:
    log = str(tree._log)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.artifacts.recipes", str(cache.root), log, str(seconds)], cwd=TREE
    )


def test_what_is_there_is_not_made_again(cache: Cache, tree: Tree) -> None:
    first, second = fill(cache, tree), fill(cache, tree)
    assert first.made == ["a tree"]
    assert second.made == []
    assert second.notes == []


def flip_a_byte(files: Path) -> None:
    with (files / "bin" / "program").open("r+b") as program:
        program.seek(70_000)
        program.write(b"\x01")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (flip_a_byte, "bin/program differs from its checksum"),
    "the mode": (lambda files: (files / "bin" / "program").chmod(0o644), "bin/program has another kind"),
    "a missing file": (lambda files: (files / "text").unlink(), "text is missing"),
    "a missing folder": (lambda files: (files / "empty").rmdir(), "empty is missing"),
    "a file too many": (lambda files: (files / "more").touch(), "more does not belong to it"),
    "a fifo": (lambda files: os.mkfifo(files / "fifo"), "neither a file nor a link nor a directory"),
    "no files at all": (lambda files: files.rename(files.parent / "elsewhere"), "No such file"),
    "the manifest": (
        lambda files: (files.parent / "manifest.json").write_text("{}"),
        "manifest.json differs from its checksum",
    ),
    "no manifest": (lambda files: (files.parent / "manifest.json").unlink(), "manifest.json"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_entry_is_rebuilt_and_said_to_be(cache: Cache, tree: Tree, what: str) -> None:
    damage, sentence = DAMAGES[what]
    fill(cache, tree)
    damage(cache.files(tree))
    notes = fill(cache, tree)
    assert notes.made == ["a tree"]
    assert "a tree: the cached entry is damaged and is built again" in notes.text
    assert sentence in notes.text
    assert fill(cache, tree).made == []


def test_a_link_that_points_elsewhere_is_damage(cache: Cache, tree: Tree) -> None:
    fill(cache, tree)
    link = cache.files(tree) / "bin" / "also"
    link.unlink()
    link.symlink_to("../text")
    assert "bin/also differs from its checksum" in fill(cache, tree).text


def test_a_manifest_of_another_make_is_damage(cache: Cache, tree: Tree) -> None:
    fill(cache, tree)
    entry = cache.files(tree).parent
    (entry / "manifest.json").write_bytes(b'{"name": 7}')
    (entry / "manifest.sha256").write_text(checksum(b'{"name": 7}'))
    assert "is damaged and is built again" in fill(cache, tree).text


def test_a_recipe_of_another_key_is_another_entry(cache: Cache, tmp_path: Path) -> None:
    old, new = Tree(tmp_path / "log"), Tree(tmp_path / "log", version="v2")
    fill(cache, old)
    assert fill(cache, new).made == ["a tree"]
    assert cache.files(old) != cache.files(new)
    assert fill(cache, old).made == []


def test_parts_of_a_recipe_do_not_run_together() -> None:
    assert checksum("ab", "c") != checksum("a", "bc")


def test_two_builds_at_once_make_it_once(cache: Cache, tree: Tree) -> None:
    other = another_process(cache, tree, seconds=1.0)
    wait_for(lambda: tree.times_made, until=lambda times: times == 1, timeout=20)
    notes = fill(cache, tree)
    assert "another build is making it; waiting for that one" in notes.text
    assert notes.made == []
    assert other.wait(timeout=20) == 0
    assert tree.times_made == 1


def test_a_killed_build_leaves_nothing_that_counts_and_the_next_one_cleans_up(
    cache: Cache, tree: Tree
) -> None:
    killed = another_process(cache, tree, seconds=60.0)
    wait_for(lambda: tree.times_made, until=lambda times: times == 1, timeout=20)
    killed.kill()
    killed.wait(timeout=20)
    (left,) = (cache.root / "building").iterdir()
    assert (left / "new" / "files" / "text").exists()
    notes = fill(cache, tree)
    assert notes.made == ["a tree"]
    assert "removed what an interrupted build left behind" in notes.text
    assert list((cache.root / "building").iterdir()) == []


def test_what_a_living_process_builds_is_left_alone(cache: Cache, tree: Tree, tmp_path: Path) -> None:
    fill(cache, tree)
    building = cache.root / "building"
    with leftovers.owned(building / "other-entry") as ours:
        assert leftovers.sweep(building, locks=cache.root / "locks") == []
        assert ours.exists()


def test_a_number_that_is_used_again_is_not_taken_for_its_owner(cache: Cache, tree: Tree) -> None:
    fill(cache, tree)
    building = cache.root / "building"
    (building / f"entry@{os.getpid()}.1").mkdir()
    assert leftovers.sweep(building, locks=cache.root / "locks") == ["entry"]


def test_what_carries_no_mark_is_left_alone(cache: Cache, tree: Tree) -> None:
    fill(cache, tree)
    building = cache.root / "building"
    (building / "somebody's").mkdir()
    assert leftovers.sweep(building, locks=cache.root / "locks") == []
    assert (building / "somebody's").exists()


def test_a_build_that_fails_leaves_nothing(cache: Cache, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(into: Path, step: object) -> dict[str, str]:
        (into / "half").touch()
        raise ArtifactError("it does not compile")

    monkeypatch.setattr(tree, "make", fail)
    with pytest.raises(ArtifactError, match="does not compile"):
        fill(cache, tree)
    assert list((cache.root / "building").iterdir()) == []
    assert list((cache.root / "entries").iterdir()) == []


def test_nothing_is_made_before_all_can_be(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Tree(tmp_path / "log"), Tree(tmp_path / "log", version="v2")

    def refuse() -> None:
        raise UsageError("no network")

    monkeypatch.setattr(second, "check", refuse)
    with pytest.raises(UsageError, match="no network"):
        cache.obtain([first, second], report=Notes())
    assert first.times_made == 0


def test_no_free_disk_is_said_before_anything_is_made(cache: Cache, tree: Tree) -> None:
    tree.room = [Need(cache.root, 10**9, "a tree"), Need(cache.root / "other", 10**9, "leaves")]
    with pytest.raises(
        ArtifactError, match=r"about 2000000000 MB are needed in .* for a tree, leaves, and \d+ MB are"
    ):
        fill(cache, tree)
    assert tree.times_made == 0


def test_a_disk_that_fills_up_on_the_way_is_said(
    cache: Cache, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(into: Path, step: object) -> dict[str, str]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tree, "make", fill_up)
    with pytest.raises(ArtifactError, match=r"no free disk is left in .*CALICOLAB_CACHE"):
        fill(cache, tree)


def test_a_cache_that_is_a_file_is_said(tmp_path: Path, tree: Tree) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="cannot be used"):
        fill(Cache(tmp_path / "file"), tree)
