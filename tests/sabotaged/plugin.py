"""A run whose lab, cure or mesh check is broken and stays so: what its report and the page to sign say is looked at.

    pytest suites/founding/test_incident.py -n 0 -p tests.sabotaged.plugin --sabotage frozen-bird

Not a positive control: those turn one check red and put things right again (tests/controls).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calicolab.calico.mesh import Mesh
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.labs.netns.lab import NetnsLab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from calicolab.calico.facts import Session
    from calicolab.calico.mesh import Pair

FROZEN = "node03"


def skip_the_cure(patch: pytest.MonkeyPatch) -> None:
    """Who is to correct the stored address does nothing."""
    patch.setattr(CorrectNodeAddress, "apply", _nothing)


def inject_no_bridge(patch: pytest.MonkeyPatch) -> None:
    """The bridge that the story is about is never made, and the harness takes it that it was."""
    patch.setattr(DockerBridge, "inject", _nothing)
    patch.setattr(DockerBridge, "injected", lambda *_: True)


def freeze_bird(patch: pytest.MonkeyPatch) -> None:
    """BIRD of the last node is stopped by SIGSTOP: its peers hold their sessions for a while."""
    _once_it_is_up(patch, lambda lab: lab.node(FROZEN).calico.service("bird", "pause"))


def ask_one_node_only(patch: pytest.MonkeyPatch) -> None:
    """The mesh is what the first node says of it; the others are not asked."""

    def read(nodes: Iterable[Pair], ask: Callable[[str], Sequence[Session]]) -> Mesh:
        members = tuple(nodes)
        first = members[0][0]
        return Mesh.of(members, {first: ask(first)})

    _once_it_is_up(patch, lambda _: patch.setattr(Mesh, "read", read))


def _once_it_is_up(patch: pytest.MonkeyPatch, sabotage: Callable[[NetnsLab], None]) -> None:
    """A lab that was broken from the start would not come up, and nothing would be asked of it."""
    up = NetnsLab.up

    def up_and_broken(lab: NetnsLab) -> None:
        up(lab)
        sabotage(lab)

    patch.setattr(NetnsLab, "up", up_and_broken)


SABOTAGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "cure-skipped": skip_the_cure,
    "bridge-not-injected": inject_no_bridge,
    "frozen-bird": freeze_bird,
    "one-node-asked": ask_one_node_only,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --sabotage."""
    group = parser.getgroup("calico-conformance")
    group.addoption(
        "--sabotage", required=True, choices=sorted(SABOTAGES), help="what is broken, all the while"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Break it, for as long as the run takes."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    SABOTAGES[config.getoption("sabotage")](patch)


def _nothing(*_: Any) -> None:
    return
