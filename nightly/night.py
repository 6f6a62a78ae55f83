"""A night: its parts one after the other, the page to sign, and the worst of them as the exit code."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.evidence.store import RESULTS
from calicolab.evidence.verdict import verdict_of
from nightly.running import EXIT_CODES, NOTHING, TIMED_OUT, Ended, follow, latest, run_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set

    from nightly.parts import Part

#: Where nights go by default; each in a folder that sorts by its start.
NIGHTS = Path("reports") / "nightly"
#: Notes in a night's folder of which other night it runs again what was not green.
SECOND_HALF_OF = "second-half-of"
PAGE, JUNIT, SUMMARY = "signoff.html", "junit.xml", "summary.txt"
#: Seconds for the page: seconds at most, but the machine may be busy.
PAGE_TIMEOUT = 600.0


def new_folder(nights: Path) -> Path:
    """The folder of a night that begins now."""
    return nights / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def run_parts(parts: Sequence[Part], *, night: Path, shard: str | None, again: Path | None) -> list[Ended]:
    """Run parts, one after the other; none stops those after it.

    Args:
        parts: which.
        night: the folder of this night.
        shard: such as "2/4", of each part.
        again: a former night, of which only what was not green is run again.
    """
    ended = []
    for part in parts:
        further = ["--shard", shard] if shard is not None else []
        if again is not None:
            former = next(filter(None, (latest(one / part.name) for one in halves(again))), None)
            if former is None:
                print(f"nightly: {part.name} is run whole, as it left nothing in {again}", flush=True)
            else:
                further += ["--rerun", str(former)]
        which = f"shard {shard}" if shard is not None else ""
        done = run_part(part, into=night / part.name, further=further, which=which)
        print(f"nightly: {done}", flush=True)
        ended.append(done)
    return ended


def sign(nights: Sequence[Path], *, into: Path, since: Path | None, without: Sequence[str] = ()) -> int:
    """Make the page to sign, and JUnit, of all runs in the folders `nights`; return the verdict's exit code.

    Args:
        nights: folders of this night: several when what failed was run again, or machines shared the work.
        into: where the page goes.
        since: the folder of an earlier night, whose changes are told.
        without: the names of parts that left no run: the page is to say that nothing is known of them.
    """
    runs = [run for night in nights for run in runs_of(night)]
    if not runs:
        print(f"nightly: there is nothing to sign: no run in {', '.join(map(str, nights))}", flush=True)
        return EXIT_CODES["inconclusive"]
    into.mkdir(parents=True, exist_ok=True)
    for name in without:
        # Named all the same, a folder without results is on the page, and makes it inconclusive.
        (into / name).mkdir(exist_ok=True)
        runs.append(into / name)
    argv = [sys.executable, "-m", "calicolab.cli", "report", *map(str, runs), "-o", str(into / PAGE)]
    argv += ["--junit", str(into / JUNIT)]
    earlier = [run for half in halves(since) for run in runs_of(half)] if since is not None else []
    if earlier:
        argv += ["--since", *map(str, earlier)]
    return follow(argv, timeout=PAGE_TIMEOUT)


def is_second_half(night: Path, *, of: Path) -> None:
    """Note that `night` runs again what was not green in the night `of`."""
    night.mkdir(parents=True, exist_ok=True)
    (night / SECOND_HALF_OF).write_text(f"{of.absolute()}\n", encoding="utf-8")


def halves(night: Path) -> list[Path]:
    """A night and, where it ran again what another one left, that one, and so on; the latest first."""
    found = [night.absolute()]
    while (note := found[-1] / SECOND_HALF_OF).is_file():
        former = Path(note.read_text(encoding="utf-8").strip())
        if former in found:
            break
        found.append(former)
    return found


def runs_of(night: Path) -> list[Path]:
    """The folders of all runs of a night, in the order of their parts' names."""
    return sorted(file.parent for file in night.glob(f"*/*/{RESULTS}") if not file.parent.is_symlink())


def night_before(night: Path, *, again: Path | None = None) -> Path | None:
    """The night before this one, among its neighbours; None when there is none.

    Those of which this is the second half, `again`, are none before it, and none that has some of its runs: they are
    on one page.
    """
    own = halves(again) if again is not None else []
    runs = {run.name for run in runs_of(night)}
    neighbours = sorted(night.parent.iterdir()) if night.parent.is_dir() else []
    earlier = [
        other
        for other in neighbours
        if other.name < night.name and other.absolute() not in own and _has_others(other, runs)
    ]
    return earlier[-1] if earlier else None


def _has_others(night: Path, runs: Set[str]) -> bool:
    """Whether there are runs in it, and none of `runs`: a copy of them is no night before."""
    found = {run.name for run in runs_of(night)}
    return bool(found) and not found & runs


def broken(ended: Iterable[Ended]) -> list[str]:
    """The names of the parts that left no results although they had something to do."""
    return [one.part.name for one in ended if one.run is None and one.code != NOTHING]


def missing(parts: Iterable[Part], *, nights: Sequence[Path]) -> list[str]:
    """The names of the parts that left no run at all, of which the page cannot know."""
    return [
        part.name
        for part in parts
        if not any(list((night / part.name).glob(f"*/{RESULTS}")) for night in nights)
    ]


def summary(ended: Iterable[Ended], *, signed: int | None, without: Sequence[str] = ()) -> str:
    """What came of each part, and of all of them as the page has it; `without` are parts that left nothing."""
    lines = [str(one) for one in ended]
    lines += [f"{name:<20} left no run: nothing is known of it" for name in without]
    if signed is not None:
        verdict = {code: verdict for verdict, code in EXIT_CODES.items()}.get(signed)
        lines.append(f"{'all':<20} {verdict or f'no page: calicolab report ended with {signed}'}")
    return "\n".join(lines)


def exit_code(ended: Sequence[Ended], *, signed: int | None, without: Sequence[str] = ()) -> int:
    """The worst of them: 1 when something does not conform, 6 when not all is known, 0 only when all passed.

    A shard with nothing to do is neither good nor bad; a night in which nothing at all was done is inconclusive.
    """
    verdicts = [verdict for one in ended if (verdict := one.verdict) is not None]
    finished = all(one.code != TIMED_OUT for one in ended)
    if ended and not verdicts and signed in (None, EXIT_CODES["pass"]) and not without:
        return NOTHING
    codes = [EXIT_CODES[verdict_of(verdicts, finished=finished)]] if ended else []
    if signed is not None:
        codes.append(signed if signed in EXIT_CODES.values() else EXIT_CODES["inconclusive"])
    if without:
        codes.append(EXIT_CODES["inconclusive"])
    order = (EXIT_CODES["fail"], EXIT_CODES["inconclusive"], EXIT_CODES["pass"])
    return min(codes, key=order.index, default=EXIT_CODES["inconclusive"])
