"""What the stories of an upgrade have in common: a lab of their own each, and what came of the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.connectivity.traffic import Flow
    from calicolab.labs.base import Lab
    from calicolab.upgrade.journey import Journey
    from calicolab.upgrade.stored import Stored
    from fixtures.lab import LabKeeper


@dataclass
class Course:
    """How a story goes: the version it starts from, the one it leads to, and what came of it so far."""

    source: str
    target: str
    #: Milliseconds for which requests may be lost at a time; 0: none may.
    max_gap: float
    #: What was stored before anything was done.
    stored: Stored | None = None
    journey: Journey | None = None

    @property
    def done(self) -> Journey:
        """What came of the upgrade."""
        if self.journey is None:
            raise LookupError("the upgrade has not been done: this step stands before it")
        return self.journey

    def cut(self, flows: Sequence[Flow]) -> str:
        """The flows that lost more than is let through, a line each; "" when none did."""
        return "\n".join(map(str, self.done.cut(flows, max_gap=self.max_gap)))


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, lab_keeper: LabKeeper, upgrade_target: str) -> Lab:
    """A lab for this file and this target alone: one that was upgraded is no lab for another story."""
    return lab_keeper.lab_for(f"{request.node.nodeid} to {upgrade_target}")


@pytest.fixture(scope="module")
def course(lab: Lab, upgrade_target: str, max_gap: float) -> Course:
    """How this story goes."""
    return Course(source=lab.calico_version, target=upgrade_target, max_gap=max_gap)
