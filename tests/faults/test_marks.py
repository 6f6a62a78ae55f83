"""A fault is noted on its node, so that a run that finds the lab knows what another has left in it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from calicolab.command import CommandResult
from calicolab.errors import LabError
from calicolab.evidence.timeline import Timeline
from calicolab.faults import marks
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.faults.ledger import FaultLedger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calicolab.labs.base import Lab

BRIDGE = DockerBridge(node="node02")


@dataclass
class Node:
    """A node that is nothing but a folder for /run."""

    name: str
    run_folder: Path

    def run_status(self, argv: Sequence[str]) -> CommandResult:
        told = [word.replace("/run/", f"{self.run_folder}/") for word in argv]
        done = subprocess.run(told, capture_output=True, text=True, check=False, timeout=10)
        return CommandResult(tuple(argv), done.returncode, done.stdout, done.stderr, 0.0)

    def run(self, argv: Sequence[str]) -> CommandResult:
        result = self.run_status(argv)
        assert result.succeeded, result
        return result


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    nodes = {name: Node(name, tmp_path / name) for name in ("node01", "node02")}
    for node in nodes.values():
        node.run_folder.mkdir()
    found = SimpleNamespace(
        id="kind-test", timeline=Timeline(), nodes=list(nodes.values()), node=nodes.__getitem__
    )
    return cast("Lab", found)


def test_it_is_noted_until_it_is_healed(lab: Lab) -> None:
    other = replace(BRIDGE, bridge="mybr0")
    assert marks.found(lab) == ()
    marks.mark(lab, BRIDGE)
    marks.mark(lab, other)
    assert marks.found(lab) == ("docker-bridge on node02", "docker-bridge on node02")
    marks.unmark(lab, BRIDGE)
    marks.unmark(lab, BRIDGE)
    assert marks.found(lab) == ("docker-bridge on node02",)
    # As another process does, whose fault is another object.
    marks.unmark(lab, replace(other))
    assert marks.found(lab) == ()


def test_a_fault_of_the_cluster_is_noted_too(lab: Lab) -> None:
    marks.mark(lab, replace(BRIDGE, node=""))
    assert marks.found(lab) == ("docker-bridge on node01",)


def test_what_another_run_left_is_refused(lab: Lab) -> None:
    FaultLedger(lab).refuse_others()
    marks.mark(lab, BRIDGE)
    with pytest.raises(LabError, match=r"did not inject \(docker-bridge on node02\): they are healed by"):
        FaultLedger(lab).refuse_others()
