"""What cannot be made a page of: one sentence each, and no more is lost than has to be."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from calicolab.cli import main
from tests.report.signoff.examples import Reports, check, lab
from tests.report.signoff.pages import report

ON = lab("v3.23.2")
FILE = "founding/test_incident.py"
USAGE = 2


def a_run(reports: Reports, name: str = "test_a", outcome: str = "pass") -> Path:
    return reports.add(check(FILE, name, ON, outcome=outcome))


def said(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The sentence with which `calicolab report` refuses."""
    assert main(["report", *words]) == USAGE
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys=capsys) == (
        "calicolab: report was given no run: name the folder of at least one, such as reports/latest"
    )


def test_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"there is no {tmp_path / 'gone'}; name a run's folder" in said(
        str(tmp_path / "gone"), capsys=capsys
    )


def test_the_folder_of_all_runs(reports: Reports, capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(reports)
    assert f"is not a run's folder but holds some, such as {run}: name those" in said(
        str(reports.folder), capsys=capsys
    )


def test_a_file_that_is_no_results(reports: Reports, capsys: pytest.CaptureFixture[str]) -> None:
    readme = reports.folder / "README.md"
    a_run(reports)
    readme.write_text("Reports")
    assert "neither a run's folder nor a results.json" in said(str(readme), capsys=capsys)


def test_a_folder_without_results_is_inconclusive_and_the_others_are_kept(
    reports: Reports, page: Path
) -> None:
    """It is what a run leaves that was killed before its first check had ended."""
    empty = reports.folder / "20261123-230000-000000"
    empty.mkdir(parents=True)
    code, made = report(empty, a_run(reports), to=page)
    assert code == 6
    problems = made.by_id("problems").text
    assert "Run 20261123-230000-000000 cannot be read" in problems
    assert "20261123-230000-000000/results.json cannot be read: No such file or directory" in problems
    assert str(reports.folder) not in made.text, "where on the machine it is, is nobody's business"
    assert made.by_id("checks").row("test_a").marks("ok")
    assert made.by_id("runs").row("20261123-230000-000000", "cannot be read").marks("unsure")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"schema": 1, "run": {"id": "x"', "cut off or damaged after"),
        ('{"schema": 2}', "has schema 2, and this one reads schema 1"),
        ("[]", "JSON but not a results.json"),
        ('{"schema": 1}', "not a results.json of schema 1"),
        ("[" * 100_000, "cannot be read"),
        ("\0\x1b[31m", "cut off or damaged"),
    ],
)
def test_results_that_cannot_be_read_are_inconclusive_and_the_others_are_kept(
    reports: Reports, page: Path, content: str, why: str
) -> None:
    bad, good = a_run(reports, "test_bad"), a_run(reports)
    (bad / "results.json").write_text(content)
    code, made = report(bad, good, to=page)
    assert code == 6
    assert why in made.by_id("problems").text
    assert made.by_id("checks").row("test_a").marks("ok")


def test_nothing_that_can_be_read_is_a_page_all_the_same(
    reports: Reports, page: Path, tmp_path: Path
) -> None:
    bad = a_run(reports)
    (bad / "results.json").write_text("{")
    junit = tmp_path / "junit.xml"
    code, made = report(bad, to=page, options=("--junit", str(junit)))
    assert code == 6
    assert "No run could be read" in made.by_id("problems").text
    root = ElementTree.fromstring(junit.read_bytes())  # noqa: S314 - our own XML
    assert len(root.findall(".//error")) == 2


def test_the_same_run_named_twice_counts_once(reports: Reports, page: Path) -> None:
    run = a_run(reports)
    (reports.folder / "latest").symlink_to(run.name)
    code, made = report(run, reports.folder / "latest", run / "results.json", to=page)
    assert code == 0
    assert (
        f"Run {run.name} was named twice with the same content; it counts once." in made.by_id("notes").text
    )
    assert "1 run ·" in made.all("header")[0].text


def test_two_runs_of_one_id_that_differ(
    reports: Reports, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = a_run(reports)
    other = Reports(tmp_path / "elsewhere")
    two = a_run(other, outcome="fail")
    line = said(str(one), str(two), capsys=capsys)
    assert f"{one} and {two} both call themselves run {one.name} and hold different results" in line


def test_since_the_run_itself(reports: Reports, page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(a_run(reports))
    assert "--since names run 2026" in said(run, "-o", str(page), "--since", run, capsys=capsys)
    assert "--since: there is no nowhere" in said(run, "-o", str(page), "--since", "nowhere", capsys=capsys)
    assert not page.exists()


def test_a_page_that_cannot_be_written(
    reports: Reports, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(a_run(reports))
    (tmp_path / "file").write_text("")
    line = said(run, "-o", str(tmp_path / "file" / "signoff.html"), capsys=capsys)
    assert "cannot be written: " in line
    assert "name a file where you may write" in line
    assert f"{tmp_path} is a folder: name a file in it" in said(run, "-o", str(tmp_path), capsys=capsys)


def test_results_are_not_overwritten(
    reports: Reports, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run(reports)
    before = (run / "results.json").read_bytes()
    for options in (
        ("-o", str(run / "results.json")),
        ("-o", str(page), "--junit", str(run / "results.json")),
    ):
        assert "would overwrite a run's results.json" in said(str(run), *options, capsys=capsys)
    assert "both name" in said(str(run), "-o", str(page), "--junit", str(page), capsys=capsys)
    assert (run / "results.json").read_bytes() == before


def test_a_page_goes_into_a_folder_that_is_made(reports: Reports, tmp_path: Path) -> None:
    code, _ = report(a_run(reports), to=tmp_path / "new" / "folder" / "signoff.html")
    assert code == 0


def test_numbers_beyond_measure_do_not_break_it(reports: Reports, page: Path) -> None:
    run = a_run(reports)
    results = json.loads((run / "results.json").read_text())
    results["labs"][0]["calico"] = "v3." + "9" * 5000
    results["checks"][0]["duration_s"] = 1e300
    results["timeline"] = [
        {
            "t": -1e15,
            "lab": ON.id,
            "event": "check-started",
            "node": "",
            "detail": results["checks"][0]["id"],
        },
        {"t": 1e15, "lab": ON.id, "event": "fault-injected", "node": "", "detail": "x"},
    ]
    (run / "results.json").write_text(json.dumps(results))
    code, _ = report(run, to=page)
    assert code == 0
    assert page.stat().st_size < 300_000


def test_the_merged_junit_has_each_check_as_it_counts(reports: Reports, page: Path, tmp_path: Path) -> None:
    junit = tmp_path / "ci" / "junit.xml"
    runs = [a_run(reports, outcome="fail"), a_run(reports), a_run(reports, "test_b", "fail")]
    code, _ = report(*runs, to=page, options=("--junit", str(junit)))
    assert code == 1
    root = ElementTree.fromstring(junit.read_bytes())  # noqa: S314 - our own XML
    cases = {case.get("name"): [one.tag for one in case] for case in root.iter("testcase")}
    assert cases == {"test_a": [], "test_b": ["failure"]}


def test_what_it_says_on_the_terminal(
    reports: Reports, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, now = a_run(reports), a_run(reports, outcome="fail")
    assert main(["report", str(now), "-o", str(page), "--since", str(before)]) == 1
    out = capsys.readouterr().out
    assert "verdict: FAIL over 1 run: 0 pass, 1 fail, 0 inconclusive, 0 skip\n" in out
    assert f"new red: netns-v3.23.2 suites/{FILE}::test_a (pass, now fail)\n" in out
    assert out.endswith(f"sign-off page: {page}\n")
