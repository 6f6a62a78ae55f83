"""The summary of a page, rendered from results.json alone."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from calicolab.evidence.facts import to_facts
from calicolab.evidence.model import Outcome
from calicolab.evidence.timeline import Event
from calicolab.report.attention import INLINE_ALL, INLINE_FILE
from calicolab.report.summary import render_summary
from tests.evidence.examples import LAB, a_check, some_results
from tests.report.test_mesh_picture import healthy, incident

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """What a page shows, and which elements it has."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def phase(mesh: Any, *, t: float = 1.0) -> dict[str, Any]:
    peers = {
        node: [
            {"address": one.peer, "kind": one.kind, "state": one.state, "since": "11:02", "info": one.info}
            for one in sessions
        ]
        for node, sessions in mesh.sessions.items()
    }
    return {"t": t, "mesh": to_facts(mesh), "peers": peers}


@pytest.mark.parametrize(
    ("outcome", "word"),
    [("pass", "PASS"), ("fail", "FAIL"), ("inconclusive", "INCONCLUSIVE"), ("skip", "INCONCLUSIVE")],
)
def test_the_verdict_is_the_first_word(tmp_path: Path, outcome: Outcome, word: str) -> None:
    page = Page(render_summary(some_results(a_check("test_a", outcome)), tmp_path))
    said = page.text.partition("}")[2]  # after the style
    assert re.search(r"[A-Z]{4,}", said.rpartition("}")[2]).group() == word  # type: ignore[union-attr] # it is there


def test_the_run_and_the_labs_are_described(tmp_path: Path) -> None:
    text = Page(render_summary(some_results(a_check("test_a")), tmp_path)).text
    for told in (
        "pytest suites/",
        "Debian 12",
        "kernel 6.18",
        "3.5.16, 3 members, TLS",
        "debian 1.6.8",
        "gomod",
        "52.0 s",
    ):
        assert told in text


def test_a_run_that_did_not_end_says_so(tmp_path: Path) -> None:
    assert "not finished" in Page(render_summary(some_results(finished=False), tmp_path)).text


def test_each_phase_has_its_mesh_and_its_peer_table(tmp_path: Path) -> None:
    check = a_check(
        "test_a", facts={"phases": {"before": phase(healthy(3)), "during": phase(incident(), t=2.0)}, "n": 3}
    )
    started = Event(0.5, LAB, "check-started", "", check.id)
    page = Page(render_summary(some_results(check, events=(started,)), tmp_path))
    assert "before (1.0 s): 6 of 6 sessions Established" in page.text
    assert "during (2.0 s): 2 of 6 sessions Established; 172.18.0.1 dialled" in page.text
    assert "172.18.0.1 node-to-node mesh start 11:02 Active Socket: Connection refused" in page.text
    assert page.tags.count("svg") == 2
    assert "n: 3" in page.text


def test_a_big_lab_shows_what_is_not_up_and_counts_the_rest(tmp_path: Path) -> None:
    check = a_check("test_a", facts={"phases": {"before": phase(healthy(50))}})
    started = Event(0.5, LAB, "check-started", "", check.id)
    markup = render_summary(some_results(check, events=(started,)), tmp_path)
    assert Page(markup).text.count("49 up and Established") == 50
    assert len(markup) < 1_000_000


def test_inconclusive_is_a_category_of_its_own(tmp_path: Path) -> None:
    text = Page(
        render_summary(
            some_results(
                a_check("test_a", "fail"),
                a_check("test_b", "inconclusive", reason="LabError: etcd is gone"),
                a_check("test_c", "inconclusive", reason="not reached: test_b was inconclusive"),
                a_check("test_d", "inconclusive", reason="not reached: test_b was inconclusive"),
                a_check("test_e", "skip", reason="holds for Calico <3.25 only"),
            ),
            tmp_path,
        )
    ).text
    assert "Does not conform (1)" in text
    assert "Inconclusive (3)" in text
    assert "Skipped (1)" in text
    assert text.count("not reached: test_b was inconclusive") == 1, "alike ones are told once"
    assert "LabError: etcd is gone" in text


def test_everything_hostile_is_text(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "log.txt").write_text(HOSTILE)
    mesh = phase(incident())
    mesh["peers"]["node01"][0]["info"] = HOSTILE
    check = a_check(
        HOSTILE,
        "fail",
        title=HOSTILE,
        reason=HOSTILE,
        facts={HOSTILE: HOSTILE, "list": [HOSTILE] * 20, "phases": {HOSTILE: mesh}},
        evidence=["evidence/log.txt", f"evidence/{HOSTILE}"],
    )
    events = (
        Event(0.5, LAB, "check-started", "", check.id),
        Event(1.0, LAB, HOSTILE, HOSTILE, HOSTILE),
        Event(2.0, LAB, "fault-injected", HOSTILE, HOSTILE),
    )
    skipped = a_check("test_s", "skip", reason=HOSTILE)
    page = Page(render_summary(some_results(check, skipped, events=events), tmp_path))
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("alert('x')") >= 8


def test_small_files_stand_in_the_page_and_large_ones_are_linked(tmp_path: Path) -> None:
    (tmp_path / "small.txt").write_text("small content")
    (tmp_path / "large.txt").write_text("large content" + "x" * INLINE_FILE)
    check = a_check("test_a", "fail", evidence=["small.txt", "large.txt", "gone.txt", "../outside.txt"])
    (tmp_path.parent / "outside.txt").write_text("outside content")
    markup = render_summary(some_results(check), tmp_path)
    text = Page(markup).text
    assert "small content" in text
    assert "large content" not in text
    assert f"{INLINE_FILE + 13} bytes" in text
    assert "gone.txt (gone)" in text
    assert "outside content" not in text
    assert 'href="large.txt"' in markup


def test_what_stands_in_the_page_is_bounded(tmp_path: Path) -> None:
    names = [f"{number}.txt" for number in range(200)]
    for name in names:
        (tmp_path / name).write_text("x" * INLINE_FILE)
    markup = render_summary(some_results(a_check("test_a", "fail", evidence=names)), tmp_path)
    assert len(markup) < INLINE_ALL + 100_000


def test_nothing_in_the_page_is_fetched(tmp_path: Path) -> None:
    markup = render_summary(some_results(a_check("test_a", "fail")), tmp_path)
    assert not re.search(r"https?:|@import|url\(", markup)


def test_times_are_told_with_their_zone(tmp_path: Path) -> None:
    results = some_results(a_check("test_a"))
    assert results.run.started == datetime(2026, 11, 23, 11, 0, 0, tzinfo=timezone.utc)  # noqa: UP017
    assert "2026-11-23 11:00:00 UTC" in Page(render_summary(results, tmp_path)).text
