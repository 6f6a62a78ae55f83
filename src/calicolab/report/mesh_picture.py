"""The N x N mesh as a picture: who has which session with whom, by colour and by letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.report.svg import element, picture, text
from calicolab.report.text import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.calico.facts import Session
    from calicolab.calico.mesh import Mesh

#: Pixels: a cell is between these, so that few nodes are easy to read and many fit the page.
LARGEST_CELL, SMALLEST_CELL, LARGEST_GRID = 34.0, 9.0, 760.0
#: Cells named one by one in the text for a screen reader.
NAMED_IN_WORDS = 12

#: The letter that stands for each state: those of BGP (RFC 4271, section 8.2.2), BIRD's own Passive, Close and Down,
#: and BIRD's states of a protocol (nest/proto.c), for a session that is Established but not up, such as while it waits
#: for a graceful restart to end.
LETTERS = {
    "Established": "E",
    "Active": "A",
    "Connect": "C",
    "Idle": "I",
    "OpenSent": "S",
    "OpenConfirm": "O",
    "Passive": "P",
    "Close": "X",
    "Down": "D",
    "wait": "W",
    "feed": "F",
    "flush": "L",
    "stop": "T",
    "start": "B",
    "down": "D",
}
#: A session that is not there, and one of a node whose BIRD did not answer.
MISSING, SILENT = "no such session", "BIRD does not answer"
UNKNOWN = "?"


@dataclass(frozen=True)
class Cell:
    """A session as one node sees it. `state` is the BGP state, MISSING or SILENT; `detail` is what BIRD says of it."""

    state: str
    detail: str

    @property
    def letter(self) -> str:
        """What stands in the cell."""
        return "\N{EN DASH}" if self.state == MISSING else LETTERS.get(self.state, UNKNOWN)

    @property
    def kind(self) -> str:
        """What colours the cell: up, trying, missing or silent."""
        return {"Established": "up", MISSING: "missing", SILENT: "silent"}.get(self.state, "trying")


@dataclass(frozen=True)
class MeshView:
    """A mesh to be drawn: rows are nodes asked, columns are their peers, nodes first and then strangers."""

    nodes: tuple[str, ...]
    #: Addresses dialled that belong to no node, such as a bridge's.
    strangers: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]

    @classmethod
    def of(cls, mesh: Mesh) -> MeshView:
        """`mesh` as it is drawn."""
        cells = {pair: _cell(mesh, pair) for pair in sorted(mesh.expected_pairs)}
        for stranger in mesh.strangers:
            cells[stranger.node, stranger.session.peer] = _session_cell(stranger.session)
        return cls(
            nodes=tuple(node.name for node in mesh.nodes),
            strangers=tuple(dict.fromkeys(stranger.session.peer for stranger in mesh.strangers)),
            cells=cells,
        )

    @property
    def expected(self) -> int:
        """How many sessions a full mesh has, each counted at both ends."""
        return len(self.nodes) * (len(self.nodes) - 1)

    @property
    def established(self) -> int:
        """How many of them are Established."""
        members = set(self.nodes)
        return sum(cell.kind == "up" and peer in members for (_, peer), cell in self.cells.items())

    @property
    def summary(self) -> str:
        """One sentence."""
        strangers = (
            f"; {', '.join(self.strangers)} dialled, which is no node's address" if self.strangers else ""
        )
        return f"{self.established} of {self.expected} sessions Established{strangers}"


def _cell(mesh: Mesh, pair: tuple[str, str]) -> Cell:
    node, peer = pair
    if node in mesh.silent:
        return Cell(SILENT, mesh.silent[node])
    session = mesh.session(node, peer)
    return Cell(MISSING, "") if session is None else _session_cell(session)


def _session_cell(session: Session) -> Cell:
    state = session.bgp_state or session.state
    if state == "Established" and not session.established:
        state = session.state
    return Cell(state, f"{session.state}, {session.info}")


def draw_mesh(mesh: MeshView, *, title: str) -> str:
    """The picture of `mesh`, with a legend of the letters in it."""
    columns = (*mesh.nodes, *mesh.strangers)
    cell = min(LARGEST_CELL, max(SMALLEST_CELL, LARGEST_GRID / max(len(columns), 1)))
    left = 8.0 + 7.2 * max((len(node) for node in mesh.nodes), default=0)
    top = 16.0 + 7.2 * max((len(name) for name in columns), default=0) * 0.72
    bottom = top + cell * len(mesh.nodes)
    grid = "".join(
        _row(mesh, node, columns=columns, left=left, y=top + cell * row, cell=cell)
        for row, node in enumerate(mesh.nodes)
    )
    heads = "".join(
        _head(name, x=left + cell * (column + 0.5), y=top - 5, stranger=name in mesh.strangers)
        for column, name in enumerate(columns)
    )
    legend, legend_height = _legend(mesh, y=bottom + 20)
    return picture(
        heads + grid + legend,
        width=max(left + cell * len(columns) + top * 0.9, 250.0),
        height=bottom + 12 + legend_height,
        title=title,
        description=f"{mesh.summary}. {_in_words(mesh)}",
    )


def _row(mesh: MeshView, node: str, *, columns: tuple[str, ...], left: float, y: float, cell: float) -> str:
    drawn = [text(node, x=left - 5, y=y + cell * 0.65, class_="row-head")]
    for column, peer in enumerate(columns):
        x = left + column * cell
        shown = mesh.cells.get((node, peer))
        if shown is None:
            drawn.append(element("rect", x=x, y=y, width=cell - 1, height=cell - 1, class_="none"))
            continue
        told = element("title", escaped(f"{node} to {peer}: {shown.detail or shown.state}"))
        box = element("rect", x=x, y=y, width=cell - 1, height=cell - 1, class_=shown.kind)
        letter = text(
            shown.letter, x=x + (cell - 1) / 2, y=y + cell * 0.66, class_="letter", font_size=cell * 0.5
        )
        drawn.append(element("g", told + box + letter, class_="cell"))
    return "".join(drawn)


def _head(name: str, *, x: float, y: float, stranger: bool) -> str:
    turned = f"rotate(-45 {x:g} {y:g})"
    return text(
        name, x=x, y=y, transform=turned, class_="column-head stranger" if stranger else "column-head"
    )


def _legend(mesh: MeshView, *, y: float) -> tuple[str, float]:
    """The legend's markup, and its height."""
    seen = sorted({(cell.kind, cell.letter, cell.state) for cell in mesh.cells.values()}, reverse=True)
    drawn = []
    for line, (kind, letter, state) in enumerate(seen):
        top = y + line * 18
        drawn.append(element("rect", x=4.0, y=top - 11, width=14.0, height=14.0, class_=kind))
        drawn.append(text(letter, x=11.0, y=top, class_="letter", font_size=10.0))
        drawn.append(text(state, x=24.0, y=top, class_="legend"))
    return "".join(drawn), 18.0 * len(seen) + 8


def _in_words(mesh: MeshView) -> str:
    broken = [
        f"{node} to {peer}: {cell.detail or cell.state}"
        for (node, peer), cell in mesh.cells.items()
        if cell.kind != "up"
    ]
    if not broken:
        return "None is broken."
    more = f"; and {len(broken) - NAMED_IN_WORDS} more" if len(broken) > NAMED_IN_WORDS else ""
    return "; ".join(broken[:NAMED_IN_WORDS]) + more
