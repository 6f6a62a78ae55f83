"""A phase that a check noted, as far as the sign-off page needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.calico.mesh import Mesh
from calicolab.report.mesh_picture import MeshView

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Phase:
    """How the mesh stood. `seconds` is since the run began."""

    name: str
    seconds: float
    full: bool
    view: MeshView


def read_phase(name: str, fact: Mapping[str, Any]) -> Phase:
    """A phase as `fixtures/evidence.py` wrote it down; any of Python's errors on bad input when it did not."""
    mesh = Mesh.from_facts(fact["mesh"])
    return Phase(name, float(fact["t"]), full=mesh.is_full, view=MeshView.of(mesh))
