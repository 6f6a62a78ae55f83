"""Which address each version takes: conflict and method by version, as seen and against what was expected."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calicolab.report.signoff.columns import Column, columns_of
from calicolab.report.signoff.marks import BAD, MARKS, NEVER, OK, RISK, Mark
from calicolab.report.signoff.noted import describe_choice, mismatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.evidence.signoff import AddressOutcome, AutodetectionFact
    from calicolab.report.signoff.judging import Judged

#: A conflict and a method: what stands in a row.
Place = tuple[str, str]

WORDS: dict[AddressOutcome, str] = {"right": "right", "wrong": "wrong", "died": "dies", "kept": "kept"}
#: What nobody wants to happen to a node, expected or not.
_RISKS = ("wrong", "died")


@dataclass(frozen=True)
class Entry:
    """What one check saw at a place; `anchor` is where its evidence is."""

    mark: Mark
    word: str
    told: str
    anchor: str


@dataclass(frozen=True)
class Row:
    """A method, and its entries by column."""

    method: str
    cells: list[list[Entry]]

    @property
    def gaps(self) -> list[int]:
        """The columns in which it was never run."""
        return [number for number, entries in enumerate(self.cells) if not entries]


@dataclass(frozen=True)
class Matrix:
    """Rows by conflict."""

    columns: list[Column]
    groups: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def unexpected(self) -> list[Entry]:
        """What came out otherwise than expected."""
        return [entry for entry in self._entries if entry.mark is BAD]

    @property
    def risky(self) -> int:
        """In how many cells a node ends without its own address, as expected."""
        return sum(entry.mark is RISK for entry in self._entries)

    @property
    def size(self) -> int:
        """How many cells there are, those never run among them."""
        return sum(len(row.cells) for rows in self.groups.values() for row in rows)

    @property
    def gaps(self) -> list[str]:
        """A sentence for each row that was not run on every version."""
        return [
            f"{conflict}, {row.method}: never run on {', '.join(str(self.columns[gap]) for gap in row.gaps)}"
            for conflict, rows in self.groups.items()
            for row in rows
            if row.gaps
        ]

    @property
    def never(self) -> int:
        """How many cells were never run."""
        return sum(len(row.gaps) for rows in self.groups.values() for row in rows)

    @property
    def _entries(self) -> list[Entry]:
        return [
            entry
            for rows in self.groups.values()
            for row in rows
            for entries in row.cells
            for entry in entries
        ]


def matrix_of(checks: Sequence[Judged]) -> Matrix:
    """The matrix of what `checks` noted; without columns when none noted anything."""
    places = _places(checks)
    concerned = [one for one in checks if one.check.id in places]
    columns = columns_of(concerned)
    numbers = {column.key: number for number, column in enumerate(columns)}
    cells: dict[Place, list[list[Entry]]] = defaultdict(lambda: [[] for _ in columns])
    for one in concerned:
        number = numbers.get(one.seen.key[1])
        if number is None:
            continue
        for place, entry in _entries(one, places):
            cells[place][number].append(entry)
    groups: dict[str, list[Row]] = {}
    for conflict, method in _in_order(checks):
        groups.setdefault(conflict, []).append(Row(method, cells[conflict, method]))
    return Matrix(columns, groups)


def _places(checks: Sequence[Judged]) -> dict[str, list[Place]]:
    """The places of each check by its id, which names no lab: what noted nothing has its like's elsewhere."""
    found: dict[str, dict[Place, None]] = {}
    for one in checks:
        for fact in one.noted.autodetection:
            found.setdefault(one.check.id, {})[fact.conflict, fact.method] = None
    return {check: list(places) for check, places in found.items()}


def _in_order(checks: Sequence[Judged]) -> list[Place]:
    """Conflicts and, within each, methods, as they were first noted."""
    seen: dict[str, dict[str, None]] = {}
    for one in checks:
        for fact in one.noted.autodetection:
            seen.setdefault(fact.conflict, {})[fact.method] = None
    return [(conflict, method) for conflict, methods in seen.items() for method in methods]


def _entries(one: Judged, places: dict[str, list[Place]]) -> list[tuple[Place, Entry]]:
    facts = one.noted.autodetection
    if not facts:
        mark = MARKS[one.outcome]
        told = one.reason.partition("\n")[0] or f"it noted nothing, and came to {one.outcome}"
        return [(place, Entry(mark, mark.word, told, one.anchor)) for place in places[one.check.id]]
    blamed = any(mismatch(fact) for fact in facts)
    return [((fact.conflict, fact.method), _entry(one, fact, blamed=blamed)) for fact in facts]


def _entry(one: Judged, fact: AutodetectionFact, *, blamed: bool) -> Entry:
    """A cell; `blamed` is whether the check's facts themselves tell which of its cells are at fault."""
    told = f"seen: {describe_choice(fact.seen)}; expected: {describe_choice(fact.expected)}"
    if mismatch(fact):
        mark, word = BAD, f"{WORDS[fact.seen.outcome]}, not {WORDS[fact.expected.outcome]}"
        if fact.seen.outcome == fact.expected.outcome:
            word = f"{WORDS[fact.seen.outcome]}, other address"
        told = f"{fact.conflict}, {fact.method}, {one.version}: {told}"
    elif one.outcome != "pass" and not blamed:
        mark, word = MARKS[one.outcome], WORDS[fact.seen.outcome]
        told = f"{fact.conflict}, {fact.method}, {one.version}: {told}; {one.reason.partition(chr(10))[0]}"
    else:
        mark, word = RISK if fact.seen.outcome in _RISKS else OK, WORDS[fact.seen.outcome]
    return Entry(mark, word, told, one.anchor)


LEGEND = (OK, RISK, BAD, MARKS["inconclusive"], MARKS["skip"], NEVER)
