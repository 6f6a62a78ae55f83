"""`calicolab report`: several runs as one page to sign."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.errors import UsageError
from calicolab.evidence.model import Verdict
from calicolab.evidence.store import RESULTS, write_whole
from calicolab.report.signoff.changes import changes_since
from calicolab.report.signoff.gathering import gather
from calicolab.report.signoff.judging import judge
from calicolab.report.signoff.merged_junit import render_merged_junit
from calicolab.report.signoff.page import render_signoff
from calicolab.report.words import counted

if TYPE_CHECKING:
    import argparse

    from calicolab.report.signoff.changes import Changes
    from calicolab.report.signoff.judging import Judgement

PAGE = "signoff.html"
#: New reds that are named on the terminal.
MOST_SAID = 20
#: As of `pytest suites/` (fixtures/recording.py).
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "fail": 1, "inconclusive": 6}


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "report",
        help="make the sign-off page of several runs",
        description="Judge runs again from their results.json, as one, and make the page to sign. No lab is needed. "
        "Ends with 0 for pass, 1 for fail, 6 for inconclusive.",
    )
    parser.add_argument(
        "runs", nargs="*", type=Path, metavar="RUN", help="a run's folder, such as reports/latest"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path(PAGE), metavar="FILE", help=f"the page (default: {PAGE})"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write all runs as one JUnit file as well")
    parser.add_argument(
        "--since",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="RUN",
        help="earlier runs, such as last night's: the page says what changed",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the page, say what it says in short, and return the verdict as an exit code."""
    gathered = gather(arguments.runs, asked_by="report")
    _refuse_to_overwrite(arguments)
    judgement = judge(gathered)
    changes = _changes(judgement, arguments.since)
    page: Path = arguments.output
    markup = render_signoff(judgement, folder=page.absolute().parent, made=datetime.now(UTC), changes=changes)
    _write(page, markup.encode(), option="-o")
    if arguments.junit is not None:
        _write(arguments.junit, render_merged_junit(judgement), option="--junit")
    _say(judgement, changes, page)
    return EXIT_CODES[judgement.verdict]


def _changes(judgement: Judgement, since: list[Path]) -> Changes | None:
    if not since:
        return None
    before = judge(gather(since, asked_by="--since"))
    both = sorted({run.id for run in judgement.runs} & {run.id for run in before.runs})
    if both:
        raise UsageError(
            f"--since names run {both[0]}, which the page is made of as well: name earlier runs there"
        )
    return changes_since(judgement, before)


def _refuse_to_overwrite(arguments: argparse.Namespace) -> None:
    """A page over the results that it is made from, or over the JUnit file, would destroy them."""
    if arguments.junit is not None and arguments.junit.absolute() == arguments.output.absolute():
        raise UsageError(f"-o and --junit both name {arguments.output}: give them a file each")
    for option, path in (("-o", arguments.output), ("--junit", arguments.junit)):
        if path is not None and path.name == RESULTS:
            raise UsageError(f"{option} {path} would overwrite a run's {RESULTS}: name another file")


def _write(path: Path, content: bytes, *, option: str) -> None:
    if path.is_dir():
        raise UsageError(f"{option} {path} is a folder: name a file in it, such as {path / PAGE}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise UsageError(
            f"{option} {path} cannot be written: {error.strerror or error}; name a file where you may write"
        ) from error


def _say(judgement: Judgement, changes: Changes | None, page: Path) -> None:
    counts = ", ".join(
        f"{len(judgement.with_outcome(outcome))} {outcome}"
        for outcome in ("pass", "fail", "inconclusive", "skip")
    )
    print(f"verdict: {judgement.verdict.upper()} over {counted(len(judgement.runs), 'run')}: {counts}")
    for problem in judgement.problems:
        print(f"inconclusive: {problem.title}: {problem.why}")
    for note in judgement.notes:
        print(note)
    if changes is not None:
        print(f"since {', '.join(changes.since) or 'no run that can be read'}: {changes.in_brief}")
        for one, was in changes.new_red[:MOST_SAID]:
            print(f"new red: {one.check.lab} {one.check.id} ({was}, now {one.outcome})")
        if len(changes.new_red) > MOST_SAID:
            print(f"and {len(changes.new_red) - MOST_SAID} more that are new red: see the page")
    print(f"sign-off page: {page}")
