"""What runs can leave that must not pass for known: half of them named, nothing looked at, facts against a check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import msgspec
import pytest

from calicolab.evidence.signoff import CURE, UPGRADE, UPGRADE_LOOKED_AT
from calicolab.report.signoff.traffic_picture import draw_traffic
from tests.report.signoff.examples import (
    ALL_CURES,
    Reports,
    cell,
    check,
    cure,
    cures,
    lab,
    model,
    right,
    upgrade,
)
from tests.report.signoff.pages import report
from tests.report.signoff.test_sabotage import in_wait

if TYPE_CHECKING:
    from calicolab.evidence.model import CheckRecord

FILE = "founding/test_incident.py"
ON, NEW = lab("v3.23.2"), lab("v3.31.0")


def one(name: str = "a", outcome: str = "pass", **changes: Any) -> CheckRecord:
    return check(FILE, f"test_{name}", ON, outcome=outcome, **changes)


def test_a_repeated_run_alone_is_not_all(reports: Reports, page: Path) -> None:
    first = reports.add(one("a", "fail"), one("b", "fail"))
    again = reports.add(one("a"), facts={"rerun_of": [first.name]})
    code, made = report(again, to=page)
    assert code == 6
    assert f"Run {again.name} repeats a part of run {first.name}, which is not here" in made.text
    assert report(first, again, to=page)[0] == 1


def test_a_run_that_looked_at_nothing_is_no_pass(reports: Reports, page: Path) -> None:
    """As Ctrl-C leaves it while checks are collected."""
    code, made = report(reports.add(one()), reports.add(labs=[NEW]), to=page)
    assert code == 6
    assert "looked at nothing" in made.text
    assert "v3.31.0" not in made.all("header")[0].text
    assert "v3.31.0" in made.by_id("untested").text


def test_what_one_version_has_and_another_has_not(reports: Reports, page: Path) -> None:
    run = reports.add(one(), model(ON), *cures(ON), check(FILE, "test_a", NEW))
    _, made = report(run, to=page)
    assert (
        "On v3.31.0: no run has autodetection, remediation; other versions have."
        in made.by_id("untested").text
    )


def test_shards_that_were_divided_otherwise_are_no_whole(reports: Reports, page: Path) -> None:
    shards = [
        reports.add(one(name), facts={"shard": f"{number}/2", "divided_by": by})
        for name, number, by in (("a", 1, "0a"), ("b", 2, "0b"))
    ]
    code, made = report(*shards, to=page)
    assert code == 6
    assert "Shard 2/2 is missing" in made.text
    assert "Shard 1/2 is missing" in made.text


def test_a_pass_against_its_own_facts_stays_a_red(reports: Reports, page: Path) -> None:
    """A later run that could not be asked does not take its place, and one that passes is a green on a re-run."""
    against = in_wait(seen=right())
    later = msgspec.structs.replace(against, outcome="inconclusive", facts={})
    first = reports.add(against)
    assert report(first, reports.add(later), to=page)[0] == 1
    seen = cell("docker-bridge", "first-found", ON.calico).seen
    code, made = report(first, reports.add(in_wait(seen=seen)), to=page)
    assert code == 0
    assert made.has_id("turned-green")


def test_what_never_began_and_cannot_be_is_skipped(reports: Reports, page: Path) -> None:
    """Its story broke off before it in one run, and in the next the lab says that it cannot do it."""
    said = "not reached: test_a was inconclusive"
    first = reports.add(one("a", "inconclusive"), one("b", "inconclusive", reason=said))
    then = reports.add(one("a"), one("b", "skip", reason="the lab has no tunnel"))
    code, made = report(first, then, to=page)
    assert code == 0
    assert "the lab has no tunnel" in made.by_id("untested").text
    asked = reports.add(one("b", "inconclusive", reason="LabError: no mesh"))
    assert report(asked, reports.add(one("b", "skip", reason="no tunnel")), to=page)[0] == 6


def test_a_way_back_that_broke_is_not_the_way_ups(reports: Reports, page: Path) -> None:
    file = "upgrade/test_node_by_node.py"
    run = reports.add(
        check(file, "test_every_node_is_upgraded", ON, {UPGRADE: upgrade("v3.23.2", "v3.25.0")}),
        check(
            *(file, "test_the_way_back", ON, {UPGRADE_LOOKED_AT: "back"}),
            outcome="fail",
            reason="etcd did not answer",
        ),
    )
    code, made = report(run, to=page)
    assert code == 1
    section = made.by_id("upgrades")
    assert section.row("v3.23.2 → v3.25.0").marks("ok") == ["✓ pass"]
    assert section.row("v3.23.2 → ?", "etcd did not answer").marks("bad") == ["✗ FAIL"]


def test_an_address_that_was_stored_for_a_while_is_on_the_way(reports: Reports, page: Path) -> None:
    way = upgrade("v3.23.2", "v3.25.0")
    passing = msgspec.structs.replace(way.nodes[1], addresses_between=["172.18.0.1/16", ""])
    found = msgspec.structs.replace(way, nodes=[way.nodes[0], passing])
    run = reports.add(check("upgrade/test_node_by_node.py", "test_every_node", ON, {UPGRADE: found}))
    row = report(run, to=page)[1].by_id("upgrades").row("v3.23.2 → v3.25.0")
    assert "node02: 192.168.21.12/24 → 172.18.0.1/16 → none → 192.168.21.12/24" in row.text
    assert "node01" not in row.text


def test_what_was_skipped_for_one_reason_is_one_row_with_each_check_in_it(
    reports: Reports, page: Path
) -> None:
    skips = [one(name, "skip", reason="no Kubernetes") for name in ("b", "c")]
    _, made = report(reports.add(one("a"), *skips, one("d", "skip", reason="no tunnel")), to=page)
    rows = [row.text for row in made.by_id("checks").all("tr")]
    assert [row.split()[1] for row in rows] == ["pass", "skipped", "skipped"]
    assert rows[1].endswith("no Kubernetes test_b test_c")
    assert rows[2].endswith("no tunnel test_d")


def test_requests_lost_in_a_row_are_one_bar_and_others_their_own(reports: Reports, page: Path) -> None:
    way = upgrade("v3.23.2", "v3.25.0")
    samples: list[tuple[float, float | None]] = [(20.0 + at, 1.0) for at in range(40)]
    samples[5:9] = [(25.0 + at, None) for at in range(4)]
    samples[20] = (40.0, None)
    pair = msgspec.structs.replace(way.pairs[0], samples=samples, lost=5)
    markup = draw_traffic("x", msgspec.structs.replace(way, pairs=[pair], nodes=[]))
    (lost,) = re.findall(r'<path d="([^"]*)" class="losses">', markup)
    bars = [tuple(map(float, bar)) for bar in re.findall(r"M([\d.]+) [\d.]+H([\d.]+)v", lost)]
    (first, last), (alone, ended) = bars
    assert last - first == pytest.approx(3 / 15 * (alone - first), abs=0.3)
    assert alone == ended


def test_versions_of_which_the_model_says_nothing_are_not_counted(reports: Reports, page: Path) -> None:
    broken = msgspec.structs.replace(model(NEW), outcome="inconclusive", facts={})
    _, made = report(reports.add(model(ON), broken), to=page)
    said = made.text
    assert "on 50 of 50 layouts, on 1 version. Of 1 version it is not known." in said


def test_a_lab_that_cannot_have_a_cure_says_nothing_of_it(reports: Reports, page: Path) -> None:
    kind = lab("v3.23.2", kind="kind")
    skipped = [msgspec.structs.replace(one, lab=kind.id, outcome="skip", facts={}) for one in cures(ON)]
    _, made = report(reports.add(*cures(ON), *skipped, labs=[ON, kind]), to=page)
    lasting = ", ".join(name for name in ALL_CURES if name != "correct-node-address")
    assert f"Lasting wherever they were tried: {lasting}. Not everywhere: correct-node-address." in made.text


def test_a_cure_that_was_never_applied_is_not_known(reports: Reports, page: Path) -> None:
    fact = cure(NEW, "cidr", mesh_back=False, mesh_back_ms=None, trials=[])
    broken = check(
        "remediation/test_cures.py", "test_it_lasts[cidr]", NEW, {CURE: fact}, outcome="inconclusive"
    )
    _, made = report(reports.add(*cures(ON), broken), to=page)
    section = made.by_id("cures")
    assert "? not known" in section.text
    assert "never" not in [mark.text for mark in section.all("b")]
    assert "Not known of every version: cidr." in made.text


def test_junit_keeps_labs_of_one_id_apart(reports: Reports, page: Path, tmp_path: Path) -> None:
    three = lab("v3.23.2", kind="kind", nodes=6, control_planes=3)
    single = lab("v3.23.2", kind="kind")
    evidence = ["evidence/x/bird.cfg"]
    runs = [
        reports.add(check(FILE, "test_a", three, outcome="fail", evidence=evidence), labs=[three]),
        reports.add(check(FILE, "test_a", single), labs=[single]),
    ]
    junit = tmp_path / "junit.xml"
    report(*runs, to=page, options=("--junit", str(junit)))
    suites = ElementTree.fromstring(junit.read_bytes()).findall("testsuite")  # noqa: S314 - our own XML
    assert [suite.get("failures") for suite in suites] == ["1", "0"]
    assert ["3 control planes" in str(suite.get("name")) for suite in suites] == [True, False]
    assert f"{runs[0].name}/evidence/x/bird.cfg" in (suites[0].findtext("testcase/system-out") or "")


def test_a_check_with_other_options_is_the_same_check_last_night(reports: Reports, page: Path) -> None:
    before = reports.add(one("a", "fail"), one("b"), command="pytest suites --layouts 1000")
    now = reports.add(one("a", "fail"), one("b"), command="pytest suites --layouts 2000")
    _, made = report(now, to=page, options=("--since", str(before)))
    assert "0 new red, 1 still red, 0 new green, 0 newly skipped, 0 gone" in made.by_id("changes").text
