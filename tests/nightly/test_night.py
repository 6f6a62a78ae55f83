"""The night: no part stops another, the worst is the exit code, and the page is made of all that was run."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from calicolab.evidence.store import RunStore
from calicolab.wait import wait_for
from nightly import __main__ as command
from nightly import night, running
from nightly.parts import PARTS, Part
from nightly.running import NOTHING, TIMED_OUT, Ended
from tests.evidence.examples import a_check, some_results

if TYPE_CHECKING:
    from calicolab.evidence.model import Outcome

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class FakePart(Part):
    """A part that leaves `outcome` as a run of pytest would, and ends with `code`."""

    outcome: Outcome | None = "pass"
    code: int = 0
    build_code: int = 0

    def build_command(self) -> list[str]:
        return [sys.executable, "-c", f"raise SystemExit({self.build_code})"]

    def command(self, *further: str) -> list[str]:
        reports = further[further.index("--reports") + 1]
        write = "" if self.outcome is None else f"write(Path({reports!r}), {self.outcome!r})"
        lines = ("from pathlib import Path", "from tests.nightly.test_night import write", write)
        return [sys.executable, "-c", "\n".join((*lines, f"raise SystemExit({self.code})")), *further]


def write(reports: Path, outcome: Outcome) -> Path:
    """A run of one check in `reports`."""
    store = RunStore.create(reports)
    results = some_results(a_check("a", outcome))
    store.write_results(
        msgspec.structs.replace(results, run=msgspec.structs.replace(results.run, id=store.run_id))
    )
    return store.folder


def fake(name: str, outcome: Outcome | None = "pass", code: int = 0, build_code: int = 0) -> FakePart:
    return FakePart(
        name, "what", ("all",), ("suites",), minutes=1, outcome=outcome, code=code, build_code=build_code
    )


def ended(code: int, name: str = "x") -> Ended:
    return Ended(fake(name), code, 60.0, Path("run"))


@pytest.fixture(autouse=True)
def in_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_a_part_that_fails_does_not_stop_those_after_it(tmp_path: Path) -> None:
    parts = [fake("a", "fail", 1), fake("b", None, 3), fake("c")]
    done = night.run_parts(parts, night=tmp_path, shard=None, again=None)
    assert [(one.part.name, one.code, one.verdict) for one in done] == [
        ("a", 1, "fail"),
        ("b", 3, "inconclusive"),
        ("c", 0, "pass"),
    ]
    assert [one.run is not None for one in done] == [True, False, True]
    assert [run.parent.name for run in night.runs_of(tmp_path)] == ["a", "c"]


def test_what_could_not_be_built_is_no_pass(tmp_path: Path) -> None:
    done = running.run_part(fake("a", build_code=6), into=tmp_path / "a")
    assert (done.code, done.verdict) == (6, "inconclusive")


def test_a_part_without_an_end_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "told"
    code = f"""
import signal, time
try:
    time.sleep(60)
except KeyboardInterrupt:
    open({str(file)!r}, "w").close()
"""
    assert running.follow([sys.executable, "-c", code], timeout=1.0) == TIMED_OUT
    assert file.exists(), "it was not given the chance to take its labs down"


@pytest.mark.parametrize(
    ("codes", "signed", "expected"),
    [
        ([0, 0], 0, 0),
        ([0, 1, 6], 0, 1),
        ([0, 6], 0, 6),
        ([0, 0], 1, 1),
        ([0, 0], 6, 6),
        ([0, 0], 2, 6),
        ([0, 4], 0, 6),
        ([0, TIMED_OUT], 0, 6),
        ([1, TIMED_OUT], 0, 1),
        ([0, NOTHING], None, 0),
        ([NOTHING, NOTHING], None, NOTHING),
        ([NOTHING, NOTHING], 0, NOTHING),
        ([NOTHING, NOTHING], 1, 1),
        ([1, NOTHING], None, 1),
        ([], 0, 0),
        ([], 6, 6),
        ([], None, 6),
    ],
)
def test_the_worst_is_the_exit_code(codes: list[int], signed: int | None, expected: int) -> None:
    assert night.exit_code([ended(code) for code in codes], signed=signed) == expected


def test_the_page_is_made_of_all_parts_and_says_what_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before, now = tmp_path / "20261122-200000", tmp_path / "20261123-200000"
    write(before / "a", "fail")
    write(now / "a", "pass")
    write(now / "b", "pass")
    assert night.night_before(now) == before
    assert night.night_before(before) is None
    # Its own first half is none before it.
    assert night.night_before(now, again=before) is None
    # Nor is a folder that its runs were copied from.
    copied = tmp_path / "20261123-190000" / "a"
    copied.mkdir(parents=True)
    (run,) = (one for one in night.runs_of(now) if one.parent.name == "a")
    shutil.copytree(run, copied / run.name)
    assert night.night_before(now) == before
    assert night.sign([now], into=now, since=before) == 0
    assert {file.name for file in now.iterdir()} == {"a", "b", "signoff.html", "junit.xml"}
    assert "--since" in capfd.readouterr().out


def test_without_a_run_there_is_nothing_to_sign(tmp_path: Path) -> None:
    assert night.sign([tmp_path / "none"], into=tmp_path, since=None) == 6


def test_what_was_not_green_is_run_again_by_its_results(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    former = tmp_path / "former"
    run = write(former / "a", "fail")
    done = night.run_parts([fake("a"), fake("b")], night=tmp_path / "now", shard=None, again=former)
    assert [one.part.name for one in done] == ["a", "b"]
    said = capfd.readouterr().out
    assert said.count("--rerun") == 1
    assert f"--rerun {run}" in said
    assert "b is run whole, as it left nothing" in said


def test_a_night_in_three_pieces_is_one_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Cut off before `b`, run again, and again: the page has all of it, and what changed since the night before."""
    monkeypatch.setattr(command, "PARTS", (fake("a"), fake("b")))
    before, first, second, third = (tmp_path / f"2026112{number}-200000" for number in (1, 2, 3, 4))
    pieces: tuple[tuple[Path, str, Outcome], ...] = (
        (before, "a", "pass"), (first, "a", "fail"), (first, "b", "fail"), (second, "a", "pass"),
    )  # fmt: skip
    for folder, name, outcome in pieces:
        write(folder / name, outcome)
    night.is_second_half(second, of=first)
    assert command.main(["--again", str(second), "--out", str(third)]) == 0
    said = capfd.readouterr().out
    assert [said.count(f"--rerun {piece}") for piece in (first, second)] == [1, 1]
    assert "verdict: PASS over 5 runs" in said
    assert night.halves(third) == [third, second, first]
    assert f"--since {night.runs_of(before)[0]}" in said
    assert night.night_before(tmp_path / "20261125-200000") == third


def test_a_shard_is_of_each_part_and_leaves_the_page_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PARTS", (fake("a"), fake("b", "fail", 1)))
    assert command.main(["--shard", "2/4", "--out", str(tmp_path / "now")]) == 1
    said = capfd.readouterr().out
    assert said.count("--shard 2/4") == 2
    assert "a shard 2/4" in said
    assert not (tmp_path / "now" / "signoff.html").exists()
    assert command.main(["--only-sign", "--out", str(tmp_path / "now")]) == 1
    assert (tmp_path / "now" / "signoff.html").exists()


def test_a_part_that_left_nothing_is_missed_when_signing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PARTS", (fake("a"), fake("b")))
    write(tmp_path / "now" / "a", "pass")
    assert command.main(["--only-sign", "--out", str(tmp_path / "now")]) == 6
    assert "b                    left no run: nothing is known of it" in capfd.readouterr().out
    assert "Run b " in (tmp_path / "now" / "signoff.html").read_text()
    assert command.main(["a", "--only-sign", "--out", str(tmp_path / "now")]) == 0


def test_a_part_that_broke_is_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PARTS", (fake("good"), fake("broken-part", None, 4)))
    assert command.main(["--out", str(tmp_path / "now")]) == 6
    said = capfd.readouterr().out
    assert "verdict: INCONCLUSIVE" in said
    assert "broken-part" in (tmp_path / "now" / "signoff.html").read_text()


def test_a_part_without_results_is_no_pass(tmp_path: Path) -> None:
    done = running.run_part(fake("a", None), into=tmp_path / "a")
    assert (done.code, done.verdict) == (0, "inconclusive")


def test_a_whole_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PARTS", (fake("a"), fake("b")))
    out = tmp_path / "20261123-200000"
    assert command.main(["--out", str(out)]) == 0
    lines = (out / "summary.txt").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["a", "pass,"], ["b", "pass,"], ["all", "pass"]]
    assert f"nightly: {out}" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["moon"], "there is no part 'moon': the parts are netns, "),
        (["--shard", "5/4"], "there is no shard 5/4"),
        (["--since", "nowhere"], "--since nowhere: there is no such folder"),
        (["--again", "nowhere"], "--again nowhere: there is no such folder"),
        (["--only-sign"], "--only-sign needs --out"),
    ],
)
def test_what_cannot_be_is_said(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"nightly: {sentence}")
    assert said.count("\n") == 1


def test_ctrl_c_ends_the_part_and_the_night(tmp_path: Path) -> None:
    part, told = tmp_path / "part.py", tmp_path / "told"
    part.write_text(
        f"import time\nopen({str(tmp_path / 'began')!r}, 'w').close()\n"
        "try:\n    time.sleep(60)\n"
        f"except KeyboardInterrupt:\n    open({str(told)!r}, 'w').close()\n    raise SystemExit(2)\n"
    )
    program = (
        "import sys\nfrom nightly import __main__ as m\nfrom tests.nightly.test_night import fake\n"
        f"class P(type(fake('a'))):\n    def command(self, *further): return [sys.executable, {str(part)!r}]\n"
        "m.PARTS = (P('a', 'w', (), (), 1.0),)\n"
        f"sys.exit(m.main(['--out', {str(tmp_path / 'now')!r}]))\n"
    )
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-c", program], stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for((tmp_path / "began").exists, until=bool, timeout=60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == command.INTERRUPTED
    assert "nightly: interrupted" in said
    assert told.exists()


def test_every_part_is_of_known_suites_and_versions() -> None:
    from calicolab.calico.versions import expand

    assert len({part.name for part in PARTS}) == len(PARTS)
    for part in PARTS:
        for word in part.pytest:
            if word.startswith("suites"):
                assert (ROOT / word).is_dir(), part.name
        expand([word for word in part.build if word.startswith("v") or word == "all"])
        assert part.timeout >= part.minutes * 60
        assert (part.command("-x")[-1], part.command()[1]) == ("-x", "-m")
        assert part.on_kubernetes == ("docker" in part.command())
