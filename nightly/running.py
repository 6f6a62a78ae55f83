"""Run one part to its end, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.errors import CalicolabError
from calicolab.evidence.store import LATEST, read_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calicolab.evidence.model import Verdict
    from nightly.parts import Part

#: Exit codes: of pytest for "nothing collected", and as a shell says that a time-out was over.
NOTHING, TIMED_OUT = 5, 124
#: Seconds that a part is given to take its labs down once it is told to end.
GRACE = 180.0
#: As of `pytest suites/` (fixtures/recording.py).
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "fail": 1, "inconclusive": 6}


@dataclass(frozen=True)
class Ended:
    """How a part ended. `run` is the folder of its results; None when it left none."""

    part: Part
    code: int
    seconds: float
    run: Path | None
    #: How it was told apart from the part of another machine, such as "shard 2/4"; "" for all of it.
    which: str = ""

    @property
    def verdict(self) -> Verdict | None:
        """What it came to; None when it had nothing to do."""
        if self.code == NOTHING:
            return None
        if self.run is None and self.code != EXIT_CODES["fail"]:
            return "inconclusive"  # whatever it says of itself, nothing of it can be read
        return next((verdict for verdict, code in EXIT_CODES.items() if code == self.code), "inconclusive")

    def __str__(self) -> str:
        said = self.verdict or "nothing to do"
        code = "" if self.code in EXIT_CODES.values() or self.code == NOTHING else f" (exit code {self.code})"
        name = f"{self.part.name} {self.which}".strip()
        return f"{name:<20} {said}{code}, {self.seconds / 60:.0f} min of about {self.part.minutes:.0f}"


def run_part(part: Part, *, into: Path, further: Sequence[str] = (), which: str = "") -> Ended:
    """Build what a part needs and run it.

    Args:
        part: which one.
        into: the folder for its reports.
        further: more arguments of pytest.
        which: as in `Ended`.
    """
    started = time.monotonic()
    before = latest(into)
    code = follow(part.build_command(), timeout=part.timeout)
    # What could not be built leaves its checks inconclusive, in a report: pytest says which and why.
    code = follow(part.command("--reports", str(into), *further), timeout=part.timeout) or (6 if code else 0)
    run = latest(into)
    return Ended(part, code, time.monotonic() - started, run if run != before else None, which)


def follow(argv: Sequence[str], *, timeout: float) -> int:
    """Run a program with our own output, and return its exit code; TIMED_OUT when it had to be ended.

    Ctrl-C ends it, too, and goes on.
    """
    print(f"nightly: {' '.join(argv)}", flush=True)
    # In a group of its own, so that all of it can be told to end; a night that a shell put in the background has its
    # parts deaf to that otherwise.
    with subprocess.Popen(["env", "--default-signal=INT", *argv], start_new_session=True) as process:
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            print(f"nightly: not done after {timeout / 60:.0f} min: ended", flush=True)
            _end(process)
            return TIMED_OUT
        except BaseException:
            _end(process)
            raise
    return code if code >= 0 else 128 - code


def latest(reports: Path) -> Path | None:
    """The folder of the latest run in `reports`; None when there is none, or its results cannot be read."""
    try:
        folder = (reports / LATEST).resolve(strict=True)
        read_results(folder)
    except (OSError, CalicolabError):
        return None
    return folder


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have it end as with Ctrl-C, which takes labs down and writes a report, and after a while without being asked."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            continue
        return
