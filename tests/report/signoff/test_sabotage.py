"""The page's own positive control: what is wrong turns it red, in the section where a reader looks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from calicolab.evidence.model import CheckRecord
from calicolab.evidence.signoff import (
    AUTODETECTION,
    CURE,
    MODEL,
    UPGRADE,
    UPGRADE_LOOKED_AT,
    ModelFact,
    Trial,
)
from tests.report.signoff.examples import (
    Reports,
    autodetection,
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

ON = lab("v3.23.2")
WAY = ("upgrade/test_neighbours.py", "test_upgrade[to-v3.25.0]")


def in_wait(**changes: Any) -> CheckRecord:
    """The cell of the docker bridge and first-found."""
    fact = msgspec.structs.replace(cell("docker-bridge", "first-found", ON.calico), **changes)
    name = "test_address[docker-bridge-first-found]"
    return check("autodetection/test_matrix.py", name, ON, {AUTODETECTION: fact})


def test_without_a_sabotage_all_of_it_is_green(reports: Reports, page: Path) -> None:
    run = reports.add(
        in_wait(), model(ON), *cures(ON), check(*WAY, ON, {UPGRADE: upgrade("v3.23.2", "v3.25.0")})
    )
    code, made = report(run, to=page)
    assert code == 0
    assert made.marks("unsure") == ["? not answered"], "no more than the legend has"
    assert made.marks("bad") == ["✗ not as expected"], "no more than the legend has"


@pytest.mark.parametrize("recorded", ["pass", "fail"])
def test_a_cell_that_is_not_as_expected(reports: Reports, page: Path, recorded: str) -> None:
    """Even where the check, for whatever reason, calls it a pass."""
    sabotaged = msgspec.structs.replace(in_wait(seen=right()), outcome=recorded)
    code, made = report(reports.add(sabotaged, *autodetection(lab("v3.31.0"))), to=page)
    assert code == 1
    group = made.by_id("addresses").all("tbody")[0]
    assert group.row("first-found").marks("bad") == ["✗ right, not wrong"]
    assert (
        "✗ right, not wrong docker-bridge, first-found, v3.23.2: seen: right" in made.by_id("unexpected").text
    )
    assert "Do not upgrade on this evidence: 1 check does not hold, on v3.23.2." in made.by_id("verdict").text
    if recorded == "pass":
        assert "recorded as a pass, but its own facts say otherwise" in made.by_id("fail").text


def test_a_cell_with_another_address_of_the_same_outcome(reports: Reports, page: Path) -> None:
    """Wrong is wrong, but not in the way that was expected."""
    expected = cell("docker-bridge", "first-found", ON.calico).expected
    other = msgspec.structs.replace(expected, address="10.10.0.12/24", interface="eth1")
    code, made = report(reports.add(in_wait(seen=other)), to=page)
    assert code == 1
    assert made.by_id("addresses").row("first-found").marks("bad") == ["✗ wrong, other address"]


def test_a_check_that_fails_for_another_reason_than_its_facts(reports: Reports, page: Path) -> None:
    sabotaged = msgspec.structs.replace(in_wait(), outcome="fail", reason="the conflict was not logged")
    _, made = report(reports.add(sabotaged), to=page)
    assert made.by_id("addresses").row("first-found").marks("bad") == ["✗ wrong"]
    assert "the conflict was not logged" in made.by_id("unexpected").text


def test_a_cell_whose_check_broke_is_not_taken_for_one_never_run(reports: Reports, page: Path) -> None:
    """Without a fact of its own, it is placed by its like on another lab."""
    other = lab("v3.31.0")
    broken = check(
        "autodetection/test_matrix.py",
        "test_address[docker-bridge-first-found]",
        other,
        outcome="inconclusive",
        reason="LabError: etcd is gone",
    )
    code, made = report(reports.add(in_wait(), broken), to=page)
    assert code == 6
    row = made.by_id("addresses").row("first-found")
    assert row.marks("unsure") == ["? inconclusive"]
    assert "LabError: etcd is gone" in row.all("a")[1].attributes["title"]


def test_a_cure_that_was_expected_to_last_and_was_undone(reports: Reports, page: Path) -> None:
    undone = Trial(what="restart", lasted=False, expected=True, undone_after_s=0.4)
    fact = cure(ON, "interface=eth.*", trials=[undone])
    code, made = report(
        reports.add(check("remediation/test_cures.py", "test_it_lasts[method]", ON, {CURE: fact})), to=page
    )
    assert code == 1
    overview, trials = made.by_id("cures").all("table")
    assert overview.marks("bad") == ["✗ undone"]
    assert trials.row("v3.23.2").marks("bad") == ["✗ FAIL", "✗ undone after 0.4 s, not expected"]
    assert "expected that it lasts, and it is undone" in made.by_id("fail").text


def test_a_cure_that_does_not_bring_the_mesh_back(reports: Reports, page: Path) -> None:
    fact = cure(ON, "cidr", mesh_back=False, mesh_back_ms=None, trials=[])
    failing = check("remediation/test_cures.py", "test_it_lasts[cidr]", ON, {CURE: fact}, outcome="fail")
    code, made = report(reports.add(failing), to=page)
    assert code == 1
    overview, trials = made.by_id("cures").all("table")
    assert overview.marks("bad") == ["✗ no mesh"]
    assert "never" in trials.row("v3.23.2").text


def test_a_lost_request_in_a_check_that_fails(reports: Reports, page: Path) -> None:
    fact = upgrade("v3.23.2", "v3.25.0", lost=1)
    code, made = report(reports.add(check(*WAY, ON, {UPGRADE: fact}, outcome="fail")), to=page)
    assert code == 1
    row = made.by_id("upgrades").row("v3.23.2 → v3.25.0")
    assert row.marks("bad") == ["✗ FAIL", "✗ 1"]
    assert "✗ 1 lost v3.23.2 to v3.25.0 : of 24000" in made.by_id("losses").text
    (picture,) = made.by_id("upgrades").all("figure", having="traffic")
    assert len(picture.all("path", having="losses")) == 1
    assert "node01 \N{RIGHTWARDS ARROW} node02 udp: 1 of 2000 lost" in picture.all("desc")[0].text


def test_a_lost_request_that_the_check_allows_for_is_not_hidden(reports: Reports, page: Path) -> None:
    code, made = report(
        reports.add(check(*WAY, ON, {UPGRADE: upgrade("v3.23.2", "v3.25.0", lost=3)})), to=page
    )
    assert code == 0
    row = made.by_id("upgrades").row("v3.23.2 → v3.25.0")
    assert row.marks("risk") == ["! risk", "! 3"]
    assert (
        "requests were lost on 1 way: the checks allow for that, and you must, too"
        in made.by_id("verdict").text
    )
    assert made.has_id("losses")


def test_a_lost_request_that_a_later_step_of_the_story_finds(reports: Reports, page: Path) -> None:
    """One step upgrades and notes it, the next asks what was lost; the way back has steps of its own."""
    file, _ = WAY
    run = reports.add(
        check(
            file, "test_every_node_is_upgraded[next]", ON, {UPGRADE: upgrade("v3.23.2", "v3.25.0", lost=2)}
        ),
        check(file, "test_no_request_is_lost[next]", ON, outcome="fail", reason="2 requests were lost"),
        check(file, "test_the_way_back[next]", ON, {UPGRADE: upgrade("v3.25.0", "v3.23.2", back=True)}),
        check(file, "test_every_node_is_upgraded[far]", ON, {UPGRADE: upgrade("v3.23.2", "v3.31.0")}),
        check(file, "test_no_request_is_lost[far]", ON),
    )
    code, made = report(run, to=page)
    assert code == 1
    section = made.by_id("upgrades")
    up = section.row("v3.23.2 → v3.25.0")
    assert up.marks("bad") == ["✗ FAIL", "✗ 2"]
    assert "2 requests were lost" in up.text
    (failed,) = [one for one in made.by_id("checks").all("tr") if "test_no_request_is_lost[next]" in one.text]
    assert up.all("a")[0].attributes["href"] == f"#{failed.attributes['id']}"
    assert section.row("back v3.25.0 → v3.23.2").marks("ok") == ["✓ pass"]
    assert section.row("v3.23.2 → v3.31.0").marks("ok") == ["✓ pass"]


def test_a_lost_request_that_is_looked_for_after_the_way_back(reports: Reports, page: Path) -> None:
    """As the suite does, so that a request that was lost hides nothing else."""
    file, _ = WAY
    run = reports.add(
        check(file, "test_every_node_is_upgraded", ON, {UPGRADE: upgrade("v3.23.2", "v3.25.0", lost=2)}),
        check(file, "test_the_way_back", ON, {UPGRADE: upgrade("v3.25.0", "v3.23.2", back=True)}),
        check(
            *(file, "test_no_request_is_lost", ON, {UPGRADE_LOOKED_AT: "up"}),
            outcome="fail",
            reason="2 requests were lost",
        ),
    )
    code, made = report(run, to=page)
    assert code == 1
    section = made.by_id("upgrades")
    up = section.row("v3.23.2 → v3.25.0")
    assert up.marks("bad") == ["✗ FAIL", "✗ 2"]
    assert "2 requests were lost" in up.text
    assert section.row("back v3.25.0 → v3.23.2").marks("ok") == ["✓ pass"]


def test_a_loss_with_a_conflict_in_wait_is_told_apart(reports: Reports, page: Path) -> None:
    fact = upgrade("v3.23.2", "v3.25.0", lost=3, waiting="docker-bridge")
    code, made = report(reports.add(check(*WAY, ON, {UPGRADE: fact})), to=page)
    assert code == 0
    assert "where a conflict does, requests are lost on 1 way" in made.by_id("verdict").text
    assert "With a conflict in wait: 1 way up and 0 back, 0 of 1 arrived" in made.all("dl")[0].text


def test_a_node_that_ends_with_another_address(reports: Reports, page: Path) -> None:
    fact = upgrade("v3.23.2", "v3.25.0", waiting="docker-bridge")
    _, made = report(reports.add(check(*WAY, ON, {UPGRADE: fact}, outcome="fail")), to=page)
    row = made.by_id("upgrades").row("v3.23.2 → v3.25.0")
    assert "node02: 192.168.21.12/24 → 172.18.0.1/16" in row.text
    assert "FAIL, not arrived" in row.text


def test_an_upgrade_that_was_not_measured_is_a_row_all_the_same(reports: Reports, page: Path) -> None:
    other = lab("v3.21.4")
    broken = check(*WAY, other, outcome="inconclusive", reason="LabError: no mesh")
    code, made = report(
        reports.add(check(*WAY, ON, {UPGRADE: upgrade("v3.23.2", "v3.25.0")}), broken), to=page
    )
    assert code == 6
    assert made.by_id("upgrades").row("v3.21.4 → ?", "LabError: no mesh").marks("unsure") == [
        "? inconclusive"
    ]


@pytest.mark.parametrize(
    "fact",
    [
        ModelFact(layouts=50, agreed=49, seed=1, seconds=1.0),
        ModelFact(
            layouts=50,
            agreed=50,
            seed=1,
            seconds=1.0,
            disagreements=["calicolab replay 7: model keep, real die"],
        ),
    ],
)
def test_a_model_that_does_not_agree(reports: Reports, page: Path, fact: ModelFact) -> None:
    disagreeing = check("autodetection/test_model.py", "test_the_model_agrees", ON, {MODEL: fact})
    code, made = report(reports.add(disagreeing), to=page)
    assert code == 1
    assert made.by_id("model").row("v3.23.2").marks("bad") == ["✗ FAIL"]
    for told in fact.disagreements:
        assert told in made.by_id("model").text


@pytest.mark.parametrize(
    ("there", "named"), [((1, 2, 4), "Shard 3/4 is missing"), ((4,), "Shards 1/4, 2/4, 3/4 are missing")]
)
def test_a_missing_shard(reports: Reports, page: Path, there: tuple[int, ...], named: str) -> None:
    runs = [
        reports.add(
            check("founding/test_incident.py", f"test_{number}", ON),
            command=f"pytest suites/ --shard {number}/4 --reports shard-{number}",
            facts={"shard": f"{number}/4"},
        )
        for number in there
    ]
    code, made = report(*runs, to=page)
    assert code == 6
    assert named in made.by_id("problems").text
    assert "Do not sign yet" in made.by_id("verdict").text


def test_all_shards_of_two_runs_are_whole(reports: Reports, page: Path) -> None:
    runs = [
        reports.add(
            check("founding/test_incident.py", f"test_{kind}_{number}", ON),
            command=f"pytest suites --lab {kind} --shard={number}/2",
            facts={"shard": f"{number}/2"},
        )
        for kind in ("netns", "kind")
        for number in (1, 2)
    ]
    assert report(*runs, to=page)[0] == 0
    code, made = report(*runs[:3], to=page)
    assert code == 6, "the shard of the other run does not stand in for the missing one"
    assert "Shard 2/2 is missing" in made.by_id("problems").text


@pytest.mark.parametrize("told", ["5/4", "0/4", "2 of 4", 2, ""])
def test_a_shard_that_makes_no_sense(reports: Reports, page: Path, told: object) -> None:
    run = reports.add(check("founding/test_incident.py", "test_a", ON), facts={"shard": told})
    code, made = report(run, to=page)
    assert code == 6
    assert "says that it is shard" in made.by_id("problems").text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (AUTODETECTION, {"conflict": "docker-bridge"}),
        (AUTODETECTION, "a word"),
        (MODEL, [{"layouts": "many", "agreed": 1, "seed": 1, "seconds": 1}]),
        (CURE, None),
        (
            UPGRADE,
            {
                "source": "v3.23.2",
                "target": "v3.25.0",
                "direction": "sideways",
                "waiting": "",
                "arrived": True,
            },
        ),
        ("phases", {"before": {"t": 1.0, "mesh": {}}}),
        ("phases", "before"),
        ("phases", {"before": None}),
    ],
)
def test_facts_that_cannot_be_read_do_not_break_the_page(
    reports: Reports, page: Path, key: str, value: object
) -> None:
    bad = msgspec.structs.replace(check("founding/test_incident.py", "test_bad", ON), facts={key: value})
    code, made = report(reports.add(bad, check("founding/test_incident.py", "test_good", ON)), to=page)
    assert code == 6
    assert f"unreadable: its fact '{key}'" in made.by_id("inconclusive").text
    assert made.by_id("checks").row("test_bad").marks("unsure")
    assert made.by_id("checks").row("test_good").marks("ok")


def test_a_run_that_was_killed(reports: Reports, page: Path) -> None:
    code, made = report(
        reports.add(check("founding/test_incident.py", "test_a", ON), unfinished=True), to=page
    )
    assert code == 6
    assert "did not come to its end" in made.by_id("problems").text
    assert "not finished" in made.by_id("runs").text


def test_a_verdict_that_its_checks_do_not_bear_out(reports: Reports, page: Path) -> None:
    run = reports.add(check("founding/test_incident.py", "test_a", ON, outcome="fail"), verdict="pass")
    code, made = report(run, to=page)
    assert code == 1
    assert (
        "calls itself pass; judged anew from its checks it is fail, and that counts"
        in made.by_id("notes").text
    )
    assert "calls itself pass" in made.by_id("runs").text


def test_a_run_of_nothing_but_skips_is_no_pass(reports: Reports, page: Path) -> None:
    code, _ = report(reports.add(check("founding/test_incident.py", "test_a", ON, outcome="skip")), to=page)
    assert code == 6
