"""What changed since earlier runs: red, green, skipped, gone, slower."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calicolab.evidence.model import Outcome
    from calicolab.report.signoff.judging import Judged, Judgement
    from calicolab.report.signoff.merging import LabKey

    CheckKey = tuple[str, LabKey]

#: A check that passed both times is slower when it took so many times as long, and so many seconds more.
SLOWER_TIMES, SLOWER_SECONDS = 1.5, 1.0
_RED: tuple[Outcome, ...] = ("fail", "inconclusive")


@dataclass(frozen=True)
class Slower:
    """A check that passed both times. Durations are in seconds."""

    now: Judged
    before_s: float

    @property
    def times(self) -> float:
        """How many times as long it took."""
        return self.now.check.duration_s / max(self.before_s, 0.001)


@dataclass
class Changes:
    """Checks by what became of them since; `since` are the earlier runs, `unread` those of them that cannot be read."""

    since: list[str]
    unread: list[str]
    new_red: list[tuple[Judged, str]] = field(default_factory=list)
    still_red: list[Judged] = field(default_factory=list)
    new_green: list[tuple[Judged, str]] = field(default_factory=list)
    newly_skipped: list[tuple[Judged, str]] = field(default_factory=list)
    #: Checks that there were.
    gone: list[Judged] = field(default_factory=list)
    slower: list[Slower] = field(default_factory=list)
    #: How many pass or are skipped that were not there before.
    added: int = 0

    @property
    def gone_by_story(self) -> dict[tuple[str, str], list[str]]:
        """The steps that are gone, by file and lab."""
        found: dict[tuple[str, str], list[str]] = {}
        for one in self.gone:
            file, _, step = one.check.id.partition("::")
            found.setdefault((file, one.check.lab), []).append(step)
        return found

    @property
    def nothing(self) -> bool:
        """Whether all is as it was."""
        return not (self.new_red or self.new_green or self.newly_skipped or self.gone or self.slower)

    @property
    def in_brief(self) -> str:
        """One line of counts."""
        return (
            f"{len(self.new_red)} new red, {len(self.still_red)} still red, {len(self.new_green)} new green, "
            f"{len(self.newly_skipped)} newly skipped, {len(self.gone)} gone, {len(self.slower)} slower, "
            f"{self.added} new checks that are not red"
        )


def changes_since(now: Judgement, before: Judgement) -> Changes:
    """Compare each check on each lab with what it came to before."""
    changes = Changes(
        since=[run.id for run in before.runs],
        unread=[f"{one.name}: {one.why}" for one in before.gathered.unread],
    )
    earlier = {one.seen.key: one for one in before.checks}
    as_before = {one.seen.key for one in now.checks} & earlier.keys()
    otherwise = _asked_otherwise(now, earlier, as_before)
    for one in now.checks:
        _compare(one, earlier.pop(otherwise.get(one.seen.key, one.seen.key), None), changes)
    changes.gone = list(earlier.values())
    changes.slower.sort(key=lambda slower: -slower.times)
    return changes


def _asked_otherwise(
    now: Judgement, earlier: Mapping[CheckKey, Judged], as_before: set[CheckKey]
) -> dict[CheckKey, CheckKey]:
    """The checks that were run with other options before, by what each is now: where there is just one of either."""

    def by_name(keys: Iterable[CheckKey]) -> dict[tuple[str, str], list[CheckKey]]:
        found: dict[tuple[str, str], list[CheckKey]] = {}
        for key in keys:
            if key not in as_before:
                found.setdefault((key[0], key[1].id), []).append(key)
        return found

    then = by_name(earlier)
    return {
        keys[0]: then[name][0]
        for name, keys in by_name(one.seen.key for one in now.checks).items()
        if len(keys) == len(then.get(name, [])) == 1
    }


def _compare(now: Judged, before: Judged | None, changes: Changes) -> None:
    was = before.outcome if before is not None else None
    if now.outcome in _RED:
        if was in _RED and (was == now.outcome or was == "fail"):
            changes.still_red.append(now)
        else:
            changes.new_red.append((now, was or "not there"))
    elif before is None or was is None:
        changes.added += 1
    elif now.outcome == "pass" and was in _RED:
        changes.new_green.append((now, was))
    elif now.outcome == "skip" and was != "skip":
        changes.newly_skipped.append((now, was))
    elif now.seen.key != before.seen.key:
        return  # asked otherwise, it takes another time
    elif now.outcome == was == "pass" and _is_slower(now.check.duration_s, before.check.duration_s):
        changes.slower.append(Slower(now, before.check.duration_s))


def _is_slower(now_s: float, before_s: float) -> bool:
    return now_s > SLOWER_TIMES * before_s and now_s - before_s > SLOWER_SECONDS
