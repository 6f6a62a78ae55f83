"""The mesh before, during and after, small: a story on a lab a line, so that versions can be compared at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.mesh_picture import MeshView
from calicolab.report.signoff.budget import Budget
from calicolab.report.signoff.columns import columns_of
from calicolab.report.stories import story_of
from calicolab.report.svg import element, picture, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.report.signoff.judging import Judged
    from calicolab.report.signoff.phase_facts import Phase

#: Pixels of a whole picture, and of a cell at most; from this many nodes on, a cell has no letter.
SIDE, LARGEST_CELL, LETTERS_UP_TO = 96.0, 22.0, 8
#: Characters of all pictures together.
CHARACTERS = 300_000
KINDS = ("up", "trying", "missing", "silent")


@dataclass(frozen=True)
class SmallMesh:
    """A phase and its picture; "" when the page would grow too large."""

    name: str
    full: bool
    #: Sessions that are Established, of how many.
    established: str
    #: Addresses dialled that are no node's.
    strangers: str
    picture: str


@dataclass(frozen=True)
class MeshStory:
    """A story's phases on a lab. `anchor` is its first check."""

    lab: str
    file: str
    anchor: str
    phases: list[SmallMesh]


@dataclass(frozen=True)
class Meshes:
    """All stories' meshes; `left_out` pictures would have made the page too large."""

    stories: list[MeshStory]
    left_out: int


def meshes_of(checks: Sequence[Judged]) -> Meshes:
    """The phases that `checks` noted, by story and version."""
    found: dict[tuple[str, str], tuple[str, list[Phase]]] = {}
    noting = [one for one in checks if one.noted.phases]
    for column in columns_of(noting):
        for one in noting:
            if one.seen.key[1] == column.key:
                key = story_of(one.check.id), column.in_full
                found.setdefault(key, (one.anchor, []))[1].extend(one.noted.phases)
    budget = Budget(CHARACTERS)
    stories = [
        MeshStory(lab, file, anchor, [_small(phase, lab, budget) for phase in phases])
        for (file, lab), (anchor, phases) in sorted(found.items(), key=lambda item: item[0][0])
    ]
    return Meshes(stories, budget.left_out)


def _small(phase: Phase, lab: str, budget: Budget) -> SmallMesh:
    markup = budget.take(lambda: draw_small(phase.view, title=f"{lab}, {phase.name}"))
    view = phase.view
    established = f"{view.established} of {view.expected}"
    return SmallMesh(phase.name, phase.full, established, ", ".join(view.strangers), markup)


def draw_small(mesh: MeshView, *, title: str) -> str:
    """The picture of `mesh`: rows are nodes asked, columns their peers, strangers last; one path a kind of cell."""
    columns = (*mesh.nodes, *mesh.strangers)
    cell = min(LARGEST_CELL, SIDE / max(len(columns), 1))
    paths: dict[str, list[str]] = {kind: [] for kind in KINDS}
    letters = []
    for row, node in enumerate(mesh.nodes):
        for number, peer in enumerate(columns):
            shown = mesh.cells.get((node, peer))
            if shown is None:
                continue
            x, y = number * cell, row * cell
            paths[shown.kind].append(f"M{x:.4g} {y:.4g}h{cell - 1:.4g}v{cell - 1:.4g}h-{cell - 1:.4g}z")
            if len(mesh.nodes) <= LETTERS_UP_TO:
                letters.append(
                    text(
                        shown.letter,
                        x=round(x + (cell - 1) / 2, 1),
                        y=round(y + cell * 0.68, 1),
                        class_="letter",
                    )
                )
    drawn = "".join(element("path", d="".join(parts), class_=kind) for kind, parts in paths.items() if parts)
    side = cell * len(columns)
    return picture(
        drawn + "".join(letters),
        width=max(side, 1.0),
        height=max(cell * len(mesh.nodes), 1.0),
        title=title,
        description=mesh.summary,
    )
