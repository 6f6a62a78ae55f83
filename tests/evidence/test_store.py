"""A run's folder: its id, its link, and results.json as it is written and read back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calicolab.errors import CalicolabError
from calicolab.evidence.store import ResultsError, RunStore, read_results
from calicolab.evidence.timeline import Event
from tests.evidence.examples import a_check, some_results


def test_runs_sort_by_their_start(tmp_path: Path) -> None:
    ids = [RunStore.create(tmp_path).run_id for _ in range(20)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 20


def test_two_runs_at_the_very_same_time_get_two_folders(tmp_path: Path) -> None:
    moments = iter([datetime(2026, 1, 1, tzinfo=UTC)] * 3 + [datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)])
    first = RunStore.create(tmp_path, now=lambda: next(moments))
    second = RunStore.create(tmp_path, now=lambda: next(moments))
    assert first.run_id < second.run_id


def test_many_runs_side_by_side_get_a_folder_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: RunStore.create(tmp_path), range(40)))
    assert len({store.folder for store in stores}) == 40
    assert (tmp_path / "latest").resolve() in {store.folder.resolve() for store in stores}


def test_latest_is_the_latest(tmp_path: Path) -> None:
    RunStore.create(tmp_path)
    second = RunStore.create(tmp_path)
    assert (tmp_path / "latest").resolve() == second.folder.resolve()
    assert str((tmp_path / "latest").readlink()) == second.run_id  # relative: the folder can be moved


def test_reports_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(CalicolabError, match="not a folder"):
        RunStore.create(tmp_path / "reports")


def test_a_latest_that_is_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    with pytest.raises(CalicolabError, match="latest cannot point to"):
        RunStore.create(tmp_path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path)
    written = some_results(
        a_check("test_a", facts={"mesh": {"full": True}}, evidence=["evidence/x/bird.cfg"]),
        a_check("test_b", "fail"),
        events=(Event(0.5, "netns-v3.23.2", "up"),),
    )
    store.write_results(written)
    assert read_results(store.folder) == written
    assert read_results(store.folder / "results.json") == written
    assert list(store.folder.iterdir()) == [store.folder / "results.json"]


def test_the_file_has_the_layout_of_the_design(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path)
    store.write_results(
        some_results(a_check("test_a"), events=(Event(3.21, "netns-v3.23.2", "up", "node02", "x"),))
    )
    raw = json.loads((store.folder / "results.json").read_text())
    assert list(raw) == ["schema", "run", "labs", "checks", "timeline", "verdict"]
    assert raw["schema"] == 1
    assert list(raw["run"]) == ["id", "started", "finished", "command", "harness", "machine", "facts"]
    assert list(raw["labs"][0]) == [
        "id", "kind", "nodes", "calico", "kubernetes", "etcd", "source", "bird", "control_planes",
        "cannot", "changes", "provenance",
    ]  # fmt: skip
    assert raw["labs"][0]["etcd"] == {"version": "3.5.16", "members": 3, "tls": True}
    assert list(raw["checks"][0]) == [
        "id", "lab", "title", "outcome", "reason", "duration_s", "facts", "evidence",
    ]  # fmt: skip
    assert raw["timeline"] == [
        {"t": 3.21, "lab": "netns-v3.23.2", "event": "up", "node": "node02", "detail": "x"}
    ]


def test_no_secret_is_written(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path)
    key = "-----BEGIN PRIVATE KEY-----\nPLANTED\n-----END PRIVATE KEY-----"
    store.write_results(
        some_results(
            a_check("test_a", "fail", reason=f"saw {key}", facts={"log": [key], "password": "PLANTED"}),
            events=(Event(1.0, "netns-v3.23.2", "step", "", key),),
        )
    )
    store.write_text("evidence/log.txt", f"password: PLANTED\n{key}")
    for file in (store.folder / "results.json", store.folder / "evidence/log.txt"):
        assert "PLANTED" not in file.read_text()
        assert "redacted" in file.read_text()


def test_a_write_that_breaks_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RunStore.create(tmp_path)
    store.write_results(some_results(a_check("test_a")))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        store.write_results(some_results(a_check("test_a"), a_check("test_b")))
    assert len(read_results(store.folder).checks) == 1
    assert list(store.folder.iterdir()) == [store.folder / "results.json"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"schema": 1, "run": {"id"', "cut off or damaged after 26 bytes"),
        ("", "cut off or damaged after 0 bytes"),
        ("not json", "cut off or damaged"),
        ('{"schema": 2}', "has schema 2, and this one reads schema 1"),
        ("[]", "not a results.json"),
        ("{}", "not a results.json: Object missing required field `schema`"),
        ('{"schema": 1}', "not a results.json of schema 1: Object missing required field `run`"),
    ],
)
def test_a_damaged_file_is_said_in_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(content)
    with pytest.raises(ResultsError) as caught:
        read_results(tmp_path)
    assert sentence in str(caught.value)
    assert str(file) in str(caught.value)


def test_every_truncation_is_an_error_and_none_is_read_as_less(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path)
    store.write_results(some_results(a_check("test_a"), a_check("test_b", "skip")))
    whole = (store.folder / "results.json").read_bytes().rstrip()
    for length in range(0, len(whole), 7):
        (store.folder / "results.json").write_bytes(whole[:length])
        with pytest.raises(ResultsError):
            read_results(store.folder)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read: No such file"):
        read_results(tmp_path)


def test_an_outcome_of_no_known_name_is_refused(tmp_path: Path) -> None:
    store = RunStore.create(tmp_path)
    store.write_results(some_results(a_check("test_a")))
    file = store.folder / "results.json"
    file.write_text(file.read_text().replace('"outcome": "pass"', '"outcome": "fine"'))
    with pytest.raises(ResultsError, match="Invalid enum value 'fine'"):
        read_results(file)
