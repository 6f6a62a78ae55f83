"""Runs that are a shard of a larger one: which of its shards are not among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calicolab.evidence.shards import DIVIDED_BY, SHARD
from calicolab.report.signoff.command_line import without

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.report.signoff.gathering import Run

#: Options that may differ between shards of one run: which it is, and where it writes.
_OWN_OPTIONS = (
    "--shard",
    "--shard-durations",
    "--reports",
    "--junit-xml",
    "--junitxml",
    "--html",
    "-n",
    "--numprocesses",
)


def missing_shards(runs: Iterable[Run]) -> list[tuple[str, str]]:
    """A title and a sentence for each run of which not all shards are there, and for each shard that makes no sense."""
    found = []
    sets: dict[tuple[str, str, int], dict[int, str]] = {}
    for run in runs:
        told = run.results.run.facts.get(SHARD)
        if told is None:
            continue
        read = _read(told)
        if read is None:
            found.append(
                (
                    f"Run {run.id} says that it is shard {told!r}",
                    "that is not like 2/4; which others belong to it is not known",
                )
            )
            continue
        number, of = read
        divided_by = str(run.results.run.facts.get(DIVIDED_BY, ""))
        key = (without(run.results.run.command, _OWN_OPTIONS), divided_by, of)
        sets.setdefault(key, {})[number] = run.id
    for (command, _, of), there in sets.items():
        missing = [number for number in range(1, of + 1) if number not in there]
        if missing:
            named = ", ".join(f"{number}/{of}" for number in missing)
            found.append(
                (
                    f"Shard {named} is missing" if len(missing) == 1 else f"Shards {named} are missing",
                    f"of `{command}` there {'is' if len(there) == 1 else 'are'} "
                    f"{', '.join(f'{number}/{of} ({run})' for number, run in sorted(there.items()))} only",
                )
            )
    return found


def _read(told: object) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", told) if isinstance(told, str) else None
    if match is None:
        return None
    number, of = int(match[1]), int(match[2])
    return (number, of) if 1 <= number <= of else None
