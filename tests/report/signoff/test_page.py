"""What stands on a sign-off page when all is as expected, section by section."""

from __future__ import annotations

from pathlib import Path

import pytest

from calicolab.evidence.timeline import Event
from calicolab.report.signoff import timelines
from tests.report.signoff.examples import (
    ALL_CURES,
    CONFLICTS,
    METHODS,
    VERSIONS,
    Reports,
    a_night,
    autodetection,
    check,
    lab,
)
from tests.report.signoff.pages import Element, report


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Element:
    """The page of a night in which all is as expected."""
    folder = tmp_path_factory.mktemp("night")
    code, page = report(*a_night(Reports(folder / "reports")), to=folder / "signoff.html")
    assert code == 0
    return page


def test_the_verdict_comes_first_and_says_what_it_means(night: Element) -> None:
    sections = [one.attributes.get("id", "") for one in night.all("section")]
    assert sections[:2] == ["verdict", "attention"]
    verdict = night.by_id("verdict")
    assert verdict.text.startswith(
        "✓ PASS Nothing that was checked speaks against the upgrade (431 checks held)."
    )
    assert "18 skip" in verdict.text
    assert night.all("title")[0].text == "PASS: Calico upgrade sign-off"
    assert "Every check held the first time" in night.by_id("attention").text


def test_the_findings_name_conflicts_and_versions(night: Element) -> None:
    (findings,) = night.all("dl")
    assert "docker-bridge on v3.21.4 to v3.23.2" in findings.text
    assert (
        "docker-bridge-own-name, podman-bridge, vpn-tunnel, second-nic, nodelocaldns on every version"
        in findings.text
    )
    assert "It agrees with calico-node on 500 of 500 layouts, on 10 versions." in findings.text
    assert "With nothing in wait: 9 ways up and 9 back, 18 of 18 arrived with a full mesh; " in findings.text
    assert (
        "0 of 432000 requests lost, worst gap 22 ms (v3.21.4 to v3.22.0, node01 to node02 by tcp)"
        in findings.text
    )
    assert "Not everywhere: correct-node-address." in findings.text


def test_the_matrix_has_a_cell_for_every_conflict_method_and_version(night: Element) -> None:
    (matrix,) = night.by_id("addresses").all("table")
    cells = matrix.all("a")
    assert len(cells) == len(CONFLICTS) * len(METHODS) * len(VERSIONS)
    anchors = {one.attributes["href"].removeprefix("#") for one in cells}
    assert len(anchors) == len(cells), "each cell leads to a check of its own"
    assert all(night.by_id(anchor).tag == "tr" for anchor in list(anchors)[:20])
    row = matrix.all("tbody")[0].row("first-found")
    words = [one.text for one in row.all("a")]
    assert words == ["! wrong"] * 4 + ["✓ right"] * 6
    assert "expected: wrong 172.18.0.1/16 on br-fac7e8026658" in row.all("a")[0].attributes["title"]


def test_the_model_is_compared_version_by_version(night: Element) -> None:
    table = night.by_id("model")
    assert table.row("v3.27.0").text == "v3.27.0 ✓ pass 50 50 0 20261123 7.4 s"


def test_each_way_has_its_gap_its_losses_and_its_way_back(night: Element) -> None:
    rows = night.by_id("upgrades").all("tbody")[0].all("tr")
    assert len(rows) == 18
    assert rows[0].text.startswith("v3.21.4 → v3.22.0 nothing ✓ pass 22 ms 0 of 24000 1.84 s 24.0 s all kept")
    assert rows[1].text.startswith("back v3.22.0 → v3.21.4")
    assert len(night.by_id("upgrades").all("figure", having="traffic")) == 18


def test_each_cure_says_how_long_it_lasts_on_each_version(night: Element) -> None:
    overview, trials = night.by_id("cures").all("table")
    assert len(overview.all("a")) == len(ALL_CURES) * len(VERSIONS)
    assert overview.row("correct-node-address").marks("risk") == ["! undone"] * 10
    incidents_own = trials.all("tbody")[0]
    assert "as in the incident" in incidents_own.text
    last = incidents_own.all("tr")[-1].text
    assert last.startswith("v3.31.0 ✓ pass 2.40 s ! undone after 2.3 s ! undone after 0.4 s")
    assert last.endswith("not tried to v3.31.0 it is the newest that is known")


def test_the_mesh_is_shown_before_during_and_after(night: Element) -> None:
    figures = night.by_id("meshes").all("figure")
    assert len(figures) == 3 * 4
    assert [one.text for one in figures[:3]][1].endswith("during : 2 of 6; dials 172.18.0.1")
    assert ["broken" in one.classes for one in figures[:3]] == [False, True, False]


def test_the_time_line_shades_the_window_of_the_fault(night: Element) -> None:
    lines = night.by_id("timelines").all("figure")
    assert len(lines) == 4
    assert len(lines[0].all("rect", having="window")) == 1
    assert "fault-injected node02 docker-bridge" in lines[0].text


def test_what_was_not_tested_is_said_with_its_reason(night: Element) -> None:
    untested = night.by_id("untested")
    row = untested.row("holds for Calico <3.25 only")
    assert " 18 suites/founding/test_incident.py 18 netns-v3.25.0, " in row.text
    assert "bridge-removed on v3.31.0, upgrade: it is the newest that is known" in untested.text
    assert untested.row("Kubernetes", "there are no pods of it on namespaces")
    assert "Cannot be built, v3.24.x, v3.29.x" in untested.text
    # The night has founding, autodetection, the model, cures and upgrades there and back.
    absent = untested.all("ul")[0]
    assert [item.text.partition("not tested ")[2] for item in absent.all("li")] == [
        "Whether the readiness probe notices: no run has the readiness suite.",
        "Kubernetes' own network tests: no run has the connectivity suite.",
        "On v3.31.0: no run has upgrade; other versions have.",
    ]


def test_versions_sources_and_runs_are_listed(night: Element) -> None:
    sources = night.by_id("sources")
    assert "debian 3.5.16-4, 3 members, TLS" in sources.row("netns-v3.23.2", "debian 1.6.8").text
    assert sources.row("h1:76332e32332e32").text.startswith("calico github.com/projectcalico/calico v3.23.2")
    assert sources.row("runit").text == "runit debian 2.1.2-54"
    run = night.by_id("runs").row("20261123-120000-000000")
    assert "2026-11-23 12:00:00 UTC 20 min 0 s ✓ pass" in run.text
    assert "pytest suites/" in run.text
    assert run.text.endswith("0.1.0 pytest suites/ 1")
    assert "Machine 1: A CPU, 2 cores, 24105 MiB; Debian 12, kernel 6.18" in night.by_id("runs").text


def test_there_are_lines_to_sign(night: Element) -> None:
    signature = night.by_id("signature")
    assert [one.text for one in signature.all(having="line")] == ["Name", "Date", "Signature"] * 2
    assert "with the verdict PASS over 10 runs" in signature.text


def test_nothing_is_fetched_and_no_script_is_needed(night: Element) -> None:
    assert not {one.tag for one in night.all()} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
    }
    for one in night.all():
        for name in ("href", "src"):
            target = one.attributes.get(name, "#")
            assert target.startswith(("#", "./")), target
    policy = [one.attributes["content"] for one in night.all("meta") if "content" in one.attributes]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policy


def test_every_link_within_the_page_leads_somewhere(night: Element) -> None:
    ids = [one.attributes["id"] for one in night.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    inside = {one.attributes["href"][1:] for one in night.all("a") if one.attributes["href"].startswith("#")}
    assert inside <= set(ids)


def test_a_run_without_an_upgrade_does_not_speak_of_one(reports: Reports, page: Path) -> None:
    on = lab("v3.31.0")
    code, made = report(reports.add(check("founding/test_incident.py", "test_a", on)), to=page)
    assert code == 0
    assert "no run upgraded anything" in made.by_id("verdict").text
    absent = made.by_id("untested").text
    for told in (
        "autodetection suite",
        "from one version to another",
        "remediation suite",
        "no run compared them",
    ):
        assert told in absent
    assert "v3.21.4, v3.22.0" in absent, "versions that could have been run are named"
    for section in ("addresses", "model", "upgrades", "cures", "meshes", "timelines"):
        assert made.by_id(section).all(having="absent"), section


def test_cells_that_were_never_run_are_named(reports: Reports, page: Path) -> None:
    whole, part = lab("v3.23.2"), lab("v3.31.0")
    missing = ("vpn-tunnel", "first-found")
    run = reports.add(*autodetection(whole), *autodetection(part, without=(missing,)))
    _, made = report(run, to=page)
    assert "vpn-tunnel, first-found: never run on v3.31.0" in made.by_id("untested").text
    group = next(one for one in made.by_id("addresses").all("tbody") if "vpn-tunnel" in one.text)
    assert group.row("first-found").text == "first-found ! wrong ·"


def test_two_labs_of_one_version_have_a_column_each(reports: Reports, page: Path) -> None:
    labs = [lab("v3.23.2"), lab("v3.23.2", kind="kind")]
    checks = [one for on in labs for one in autodetection(on)]
    _, made = report(reports.add(*checks, labs=labs), to=page)
    heads = [one.text for one in made.by_id("addresses").all("thead")[0].all("th")]
    assert heads == ["Method", "v3.23.2 kind", "v3.23.2 netns"]


def test_pictures_that_would_make_the_page_too_large_are_left_out_and_said(
    reports: Reports, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "CHARACTERS", 20_000)
    on = lab("v3.23.2")
    checks = [
        check("founding/test_incident.py", f"test_{number}", on, duration_s=1.0) for number in range(200)
    ]
    noted = [Event(float(number), on.id, "check-started", "", one.id) for number, one in enumerate(checks)]
    noted.insert(1, Event(0.5, on.id, "fault-injected", "node02", "docker-bridge"))
    _, made = report(reports.add(*checks, events=noted), to=page)
    assert made.by_id("timelines").all("svg") == []
    assert "1 time line would have made this page too large" in made.by_id("timelines").text
