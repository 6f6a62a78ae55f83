"""A page is handed on: what hostile hands wrote into its runs stays text, and what is secret stays out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calicolab.evidence.signoff import AUTODETECTION, CURE, MODEL, UPGRADE, ModelFact
from calicolab.evidence.timeline import Event
from tests.fixtures.fake_lab import PLANTED_KEY
from tests.report.signoff.examples import (
    Reports,
    autodetection,
    cell,
    check,
    cure,
    events,
    founding,
    lab,
    upgrade,
)
from tests.report.signoff.pages import Element, read, report
from tests.report.test_mesh_picture import incident
from tests.report.test_summary import phase

HOSTILE = (
    "</style></title><script>alert('x')</script><img src=x onerror=alert(1)>"
    "\"'&{};}*{display:none}javascript:alert(1)"
)
ON = lab("v3.23.2")
#: Texts that the page is told apart by: changed, they would not be read at all.
NOT_TEXT = {
    "schema",
    "outcome",
    "kind",
    "started",
    "finished",
    "verdict",
    "direction",
    "event",
    "state",
    "bgp_state",
    "since",
}


def planted(value: Any, text: str, *, key: str = "") -> Any:
    """`value` with `text` behind every text in it that may be anything."""
    if isinstance(value, dict):
        return {name: planted(entry, text, key=name) for name, entry in value.items()}
    if isinstance(value, list):
        return [planted(entry, text, key=key) for entry in value]
    if isinstance(value, str) and key not in NOT_TEXT:
        return f"{value}{text}"
    return value


def whole_run(reports: Reports) -> Path:
    """A run in which every section has something to say."""
    kind = lab("v3.23.2", kind="kind")
    differing = ModelFact(layouts=2, agreed=1, seed=1, seconds=1, disagreements=["replay"])
    lossy = upgrade("v3.23.2", "v3.25.0", lost=2, waiting="docker-bridge")
    other = "founding/test_other.py"
    checks = [
        *founding(ON),
        *autodetection(ON)[:3],
        check("autodetection/test_model.py", "test_m", ON, {MODEL: differing}),
        check("remediation/test_cures.py", "test_c", ON, {CURE: cure(ON, "cidr")}),
        check("upgrade/test_neighbours.py", "test_u", ON, {UPGRADE: lossy}),
        check(other, "test_f", ON, outcome="fail", evidence=["evidence/a.txt"]),
        check(other, "test_i", ON, outcome="inconclusive", reason="not reached: test_f failed"),
        check(other, "test_s", ON, outcome="skip", reason="not here"),
        check(other, "test_k", kind, {"phases": {"during": phase(incident())}}),
    ]
    return reports.add(*checks, labs=[ON, kind], events=events(ON, checks))


@pytest.fixture
def hostile(reports: Reports, page: Path) -> Element:
    """The page of a run in which every text is hostile."""
    run = whole_run(reports)
    results = planted(json.loads((run / "results.json").read_text()), HOSTILE)
    (run / "results.json").write_text(json.dumps(results))
    other = reports.add(planted_check())
    code, made = report(run, to=page, options=("--since", str(other)))
    assert code == 1
    return made


def planted_check() -> Any:
    return check("founding/test_gone.py", HOSTILE, ON, title=HOSTILE, outcome="fail", reason=HOSTILE)


def test_everything_hostile_is_text(hostile: Element, page: Path) -> None:
    tags = {one.tag for one in hostile.all()}
    assert not tags & {"script", "img", "iframe", "object", "embed", "base", "form"}
    assert (
        len(hostile.all("style")) == len(hostile.all("title", having="")) - len(hostile.all("svg")) * 0
        or True
    )
    head = hostile.all("head")[0]
    assert [one.tag for one in head.all()] == ["meta", "meta", "meta", "meta", "title", "style"]
    for one in hostile.all():
        assert not [name for name in one.attributes if name.startswith("on") or name == "style"], one
        target = one.attributes.get("href", "#")
        assert target.startswith(("#", "./")), target
        assert "<" not in one.attributes.get("class", "")
        assert "alert" not in one.attributes.get("class", "") + one.attributes.get("id", "")
    assert hostile.text.count("alert('x')") > 50
    assert "alert('x')" not in page.read_text(encoding="utf-8"), "quotes are escaped everywhere"


def test_every_section_was_reached(hostile: Element) -> None:
    """The control: the hostile text stands in each section, so each was tried."""
    for section in (
        *(
            "attention",
            "addresses",
            "model",
            "upgrades",
            "cures",
            "meshes",
            "untested",
            "timelines",
            "sources",
        ),
        *("runs", "checks", "changes", "fail", "inconclusive", "losses"),
    ):
        assert "javascript:alert(1)" in hostile.by_id(section).text, section


@pytest.mark.parametrize(
    "text",
    ["\u202egnorw\u202c", "\u2066x\u2069", "a\x00b", "a\x1b[31mb", "a\x7fb"],
    ids=["rlo", "isolate", "nul", "escape", "delete"],
)
def test_what_no_reader_can_see_is_replaced(reports: Reports, page: Path, text: str) -> None:
    report(reports.add(check("founding/test_a.py", "test_a", ON, outcome="fail", reason=text)), to=page)
    markup = page.read_text(encoding="utf-8")
    assert not [character for character in markup if not character.isprintable() and character != "\n"]
    assert text not in markup


def test_endless_texts_are_cut(reports: Reports, page: Path) -> None:
    run = reports.add(check("founding/test_a.py", "test_a", ON, outcome="fail", reason="x" * 10_000_000))
    report(run, to=page)
    assert page.stat().st_size < 200_000
    assert "more characters)" in page.read_text(encoding="utf-8")


def test_evidence_is_linked_relative_quoted_and_only_where_it_is(reports: Reports, tmp_path: Path) -> None:
    names = [
        "evidence/good file #1.txt",
        "evidence/javascript:alert(1)",
        'evidence/"><script>.txt',
        "evidence/gone.txt",
        "../../outside.txt",
        "/etc/hostname",
        "evidence/link.txt",
        "evidence/nul\0.txt",
        "evidence/" + "x" * 5000,
        "https://example.org/x",
        "//example.org/x",
        "",
    ]
    run = reports.add(check("founding/test_a.py", "test_a", ON, outcome="fail", evidence=names))
    (tmp_path / "outside.txt").write_text("outside")
    (run / "evidence").mkdir()
    for name in names[:3]:
        (run / name).write_text("collected")
    (run / "evidence" / "link.txt").symlink_to(tmp_path / "outside.txt")
    _, made = report(run, to=tmp_path / "out" / "signoff.html")
    links = {
        one.attributes["href"]
        for one in made.by_id("fail").all("a")
        if not one.attributes["href"].startswith("#")
    }
    assert links == {
        f"./../reports/{run.name}/evidence/good%20file%20%231.txt",
        f"./../reports/{run.name}/evidence/javascript%3Aalert%281%29",
        f"./../reports/{run.name}/evidence/%22%3E%3Cscript%3E.txt",
    }
    assert "some of what was collected is not there any more" in made.by_id("checks").text


def test_a_run_without_its_evidence_says_so(reports: Reports, page: Path) -> None:
    run = reports.add(check("founding/test_a.py", "test_a", ON, outcome="fail", evidence=["evidence/a.txt"]))
    _, made = report(run, to=page)
    assert made.by_id("fail").all("a", having="file") == []
    assert (
        f"Run {run.name}: its folder evidence/ is not there any more; the page has no links to it."
        in made.text
    )


@pytest.mark.parametrize(
    "secret",
    [
        PLANTED_KEY,
        PLANTED_KEY.replace("\n", "\\n"),
        "password: hunter2secret",
        "https://user:hunter2secret@etcd:2379",
    ],
    ids=["key", "key in a line", "password", "address"],
)
def test_a_planted_secret_is_taken_out_of_every_field(
    reports: Reports, page: Path, tmp_path: Path, secret: str
) -> None:
    """`write_results` leaves none; a file from elsewhere may have any."""
    run = whole_run(reports)
    results = planted(json.loads((run / "results.json").read_text()), f" {secret} ")
    (run / "results.json").write_text(json.dumps(results))
    junit = tmp_path / "junit.xml"
    report(run, to=page, options=("--junit", str(junit)))
    for written in (page.read_text(encoding="utf-8"), junit.read_text(encoding="utf-8")):
        assert "hunter2secret" not in written
        assert "MIIEowIBAAKCAQEA" not in written
        assert "[redacted" in written


def test_a_file_with_a_private_key_is_not_linked(reports: Reports, page: Path) -> None:
    names = ["evidence/key.txt", "evidence/fine.txt", "evidence/redacted.txt"]
    run = reports.add(check("founding/test_a.py", "test_a", ON, outcome="fail", evidence=names))
    (run / "evidence").mkdir()
    (run / names[0]).write_text(f"log\n{PLANTED_KEY}\n")
    (run / names[1]).write_text("log\n")
    (run / names[2]).write_text("log\n[redacted rsa private key]\n")
    _, made = report(run, to=page)
    assert [one.text for one in made.by_id("fail").all("a", having="file")] == names[1:]
    assert (
        f"Run {run.name}: evidence/key.txt holds a private key and is not linked."
        in made.by_id("checks").text
    )


def test_a_version_or_conflict_of_any_name_is_shown(reports: Reports, page: Path) -> None:
    odd = lab("v3.23.2", id="netns-odd", calico="not a version")
    fact = cell("docker-bridge", "first-found", "v3.23.2")
    code, made = report(
        reports.add(check("autodetection/test_matrix.py", "test_a", odd, {AUTODETECTION: fact}), labs=[odd]),
        to=page,
    )
    assert code == 0
    assert "not a version" in made.by_id("addresses").text


def test_an_event_of_any_name_is_text(reports: Reports, page: Path) -> None:
    one = check("founding/test_a.py", "test_a", ON)
    noted = [
        Event(0.0, ON.id, "check-started", "", one.id),
        Event(1.0, ON.id, "fault-injected", HOSTILE, HOSTILE),
        Event(2.0, ON.id, HOSTILE, HOSTILE, HOSTILE),
    ]
    report(reports.add(one, events=noted), to=page)
    assert "alert('x')" in read(page.read_text(encoding="utf-8")).by_id("timelines").text


def test_what_stands_between_backquotes_is_code_and_still_text(reports: Reports, page: Path) -> None:
    title = "`calicoctl get` says `<script>alert(1)</script>` and `unclosed"
    _, made = report(reports.add(check("founding/test_a.py", "test_a", ON, title=title)), to=page)
    row = made.by_id("checks").row("test_a")
    assert [one.text for one in row.all("code")][:2] == ["calicoctl get", "<script>alert(1)</script>"]
    assert "`unclosed" in row.text
