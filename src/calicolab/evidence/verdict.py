"""From outcomes to one verdict. Nothing that was not seen to hold is called a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.evidence.model import Outcome, Verdict

#: From worst to best: the worst outcome of a check's phases is the check's.
WORST_FIRST: tuple[Outcome, ...] = ("fail", "inconclusive", "skip", "pass")


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of `outcomes`; "inconclusive" when there is none."""
    return min(outcomes, key=WORST_FIRST.index, default="inconclusive")


def verdict_of(outcomes: Iterable[Outcome], *, finished: bool) -> Verdict:
    """The verdict of a run.

    Args:
        outcomes: of all its checks.
        finished: whether the run came to its end; one that was cut off never passes.
    """
    seen = set(outcomes)
    if "fail" in seen:
        return "fail"
    if not finished or "inconclusive" in seen or "pass" not in seen:
        return "inconclusive"
    return "pass"
