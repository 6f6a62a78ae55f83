"""The phases that checks noted ("before", "during", "after"): the mesh as a picture, and every node's peer table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.calico.mesh import Mesh
from calicolab.report.mesh_picture import MeshView, draw_mesh

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.evidence.model import CheckRecord

#: Name of the fact that holds a check's phases.
PHASES = "phases"
#: With more nodes than this, only the rows that are not up are shown.
ALL_ROWS_UP_TO = 8


@dataclass(frozen=True)
class PeerTable:
    """What `calicoctl node status` says on one node, with "up" added; `left_out` rows are up and not shown."""

    node: str
    rows: list[dict[str, Any]]
    left_out: int
    #: Why its BIRD did not answer; "" when it did.
    silent: str


@dataclass(frozen=True)
class PhaseView:
    """A phase. `seconds` is since the run began."""

    name: str
    seconds: float
    summary: str
    picture: str
    tables: list[PeerTable]


def phases_of(checks: Iterable[CheckRecord]) -> list[PhaseView]:
    """The phases of one story's checks, in the order in which they were noted."""
    views = [_view(name, phase) for check in checks for name, phase in check.facts.get(PHASES, {}).items()]
    return sorted(views, key=lambda view: view.seconds)


def _view(name: str, phase: dict[str, Any]) -> PhaseView:
    mesh = Mesh.from_facts(phase["mesh"])
    view = MeshView.of(mesh)
    return PhaseView(
        name=name,
        seconds=phase["t"],
        summary=view.summary,
        picture=draw_mesh(view, title=f"Mesh {name}"),
        tables=[
            _table(node, rows, all_rows=len(mesh.nodes) <= ALL_ROWS_UP_TO, silent=mesh.silent.get(node, ""))
            for node, rows in phase["peers"].items()
        ],
    )


def _table(node: str, rows: list[dict[str, Any]], *, all_rows: bool, silent: str) -> PeerTable:
    told = [row | {"up": row["state"] == "up" and row["info"] == "Established"} for row in rows]
    shown = told if all_rows else [row for row in told if not row["up"]]
    return PeerTable(node, shown, left_out=len(told) - len(shown), silent=silent)
