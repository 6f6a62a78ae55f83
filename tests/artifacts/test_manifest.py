from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from calicolab.artifacts.manifest import Checksums, File, differences, summary, survey

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_file_is_named_with_its_checksum_and_every_link_with_its_target(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o750)
    (tmp_path / "folder" / "file").write_bytes(b"content")
    (tmp_path / "folder" / "link").symlink_to("/nowhere")
    folder, file, link = survey(tmp_path, Checksums())
    assert (folder.path, folder.kind, folder.mode) == ("folder", "directory", 0o750)
    assert (file.path, file.content) == ("folder/file", hashlib.sha256(b"content").hexdigest())
    assert (link.path, link.kind, link.content) == ("folder/link", "link", "/nowhere")


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    (tmp_path / "root" / "link").symlink_to("../outside")
    assert [file.path for file in survey(tmp_path / "root", Checksums())] == ["link"]


def test_a_file_under_two_names_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    read: list[Path] = []

    def sha256(path: Path) -> str:
        read.append(path)
        return "sum"

    monkeypatch.setattr("calicolab.artifacts.manifest._sha256", sha256)
    checksums = Checksums()
    assert [file.content for file in survey(tmp_path, checksums)] == ["sum", "sum"]
    survey(tmp_path, checksums)
    assert len(read) == 1


def test_many_differences_are_counted_not_listed() -> None:
    expected = [File(f"file{number}", "file", 0o644, 0, 0, "sum") for number in range(5)]
    said = summary(differences(expected, []))
    assert said == "file0 is missing; file1 is missing; file2 is missing; and 2 more"
