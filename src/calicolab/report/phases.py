"""The phases that checks noted ("before", "during", "after"): the mesh as a picture, and every node's peer table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.calico.mesh import Mesh
from calicolab.report.mesh_picture import MeshView, draw_mesh

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.evidence.model import CheckRecord

#: With more nodes than this, only the rows that are not up are shown.
ALL_ROWS_UP_TO = 8


@dataclass(frozen=True)
class PeerTable:
    """What `calicoctl node status` says on one node; `left_out` rows are up and not shown."""

    node: str
    rows: list[dict[str, Any]]
    left_out: int


@dataclass(frozen=True)
class PhaseView:
    """A phase. `seconds` is since the run began."""

    story: str
    name: str
    seconds: float
    summary: str
    picture: str
    tables: list[PeerTable]


def phases_of(checks: Iterable[CheckRecord]) -> list[PhaseView]:
    """The phases of one lab's checks, in the order in which they were noted."""
    return [
        _view(check.id.partition("::")[0], name, phase)
        for check in checks
        for name, phase in check.facts.get("phases", {}).items()
    ]


def _view(story: str, name: str, phase: dict[str, Any]) -> PhaseView:
    mesh = MeshView.of(Mesh.from_facts(phase["mesh"]))
    return PhaseView(
        story=story,
        name=name,
        seconds=phase["t"],
        summary=mesh.summary,
        picture=draw_mesh(mesh, title=f"Mesh {name}"),
        tables=[_table(node, rows, nodes=len(phase["peers"])) for node, rows in phase["peers"].items()],
    )


def _table(node: str, rows: list[dict[str, Any]], *, nodes: int) -> PeerTable:
    shown = rows if nodes <= ALL_ROWS_UP_TO else [row for row in rows if row["info"] != "Established"]
    return PeerTable(node, shown, left_out=len(rows) - len(shown))
