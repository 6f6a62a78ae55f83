"""What a reader must look at: checks that did not pass, why, and what was collected for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from calicolab.evidence.model import CheckRecord, Outcome, Results

#: Bytes: a collected file up to this size stands in the page itself, as long as all of them together stay under
#: the second figure. The others are linked, in the folder beside the page.
INLINE_FILE, INLINE_ALL = 8 * 1024, 512 * 1024
#: How the reason of a check that never began begins.
NOT_RUN = ("not reached: ", "not run: ")


@dataclass(frozen=True)
class Collected:
    """A collected file; `text` is None when it is only linked."""

    name: str
    shown_as: str
    size: int | None
    text: str | None


@dataclass(frozen=True)
class Attention:
    """A check to look at."""

    check: CheckRecord
    collected: list[Collected]

    @property
    def in_brief(self) -> bool:
        """Whether a line says it all: it was skipped, or not run as its story or the run broke off before it."""
        return self.check.outcome == "skip" or self.check.reason.startswith(NOT_RUN)


def attention(results: Results, folder: Path) -> dict[Outcome, list[Attention]]:
    """The checks that did not pass, by outcome."""
    budget = INLINE_ALL
    found: dict[Outcome, list[Attention]] = {"fail": [], "inconclusive": [], "skip": []}
    for check in results.checks:
        if check.outcome == "pass":
            continue
        collected = []
        for name in check.evidence:
            file = _read(folder, name, budget=budget)
            budget -= len(file.text or "")
            collected.append(file)
        found[check.outcome].append(Attention(check, collected))
    return found


def _read(folder: Path, name: str, *, budget: int) -> Collected:
    """The file `name`; one that is gone, or that lies outside of the run's folder, is only named."""
    shown_as = "/".join(name.split("/")[-2:])
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        size = path.stat().st_size if inside else None
        small = size is not None and size <= min(INLINE_FILE, budget)
        text = path.read_text(encoding="utf-8", errors="replace") if small else None
    except OSError:
        return Collected(name, shown_as, size=None, text=None)
    return Collected(name, shown_as, size, text)
