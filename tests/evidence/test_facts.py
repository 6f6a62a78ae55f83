"""What can be written down as a fact, and what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from calicolab.calico.facts import Readiness
from calicolab.calico.mesh import Mesh
from calicolab.errors import CalicolabError
from calicolab.evidence.facts import to_facts


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Own:
    number: int

    def to_facts(self) -> dict[str, int]:
        return {"mine": self.number}


@pytest.mark.parametrize(
    ("value", "facts"),
    [
        (None, None),
        (1.5, 1.5),
        (Readiness(ready=False, message="no"), {"ready": False, "message": "no"}),
        (Own(3), {"mine": 3}),
        ({"a": (Own(1), {2, 1})}, {"a": [{"mine": 1}, [1, 2]]}),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
        (Path("a/b"), "a/b"),
        (Colour.RED, "red"),
        ({("node01", "node02"): 1}, {"('node01', 'node02')": 1}),
    ],
)
def test_what_can_be_written_down(value: Any, facts: Any) -> None:
    assert to_facts(value) == facts
    json.dumps(to_facts(value))


def test_a_mesh_is_written_as_it_says_itself() -> None:
    mesh = Mesh.of([("node01", "192.168.21.11"), ("node02", "192.168.21.12")], {"node01": "no socket"})
    assert Mesh.from_facts(to_facts(mesh)) == mesh


@pytest.mark.parametrize("value", [object(), float("nan"), [float("inf")], Readiness])
def test_what_cannot_is_refused_with_a_sentence(value: Any) -> None:
    with pytest.raises(CalicolabError, match="cannot be a fact"):
        to_facts(value)
