"""Programs in calico-node's container on Kubernetes: entered by what crictl says of it, asked once a container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from calicolab.command import CommandResult
from calicolab.errors import LabError
from calicolab.labs.kind.calico_node import KindCalicoNode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INSPECTED = json.dumps(
    {"info": {"pid": 1079, "runtimeSpec": {"process": {"env": ["PATH=/usr/bin", "METHOD=cidr=10.0.0.0/8"]}}}}
)


class FakeMachine:
    """A node whose crictl shows one running container."""

    def __init__(self, root: Path, *, inspected: str = INSPECTED) -> None:
        self.root = root
        self.container = "0123"
        self.asked: list[list[str]] = []
        self._inspected = inspected

    def run(self, argv: Sequence[str], *, timeout: float = 30) -> CommandResult:
        self.asked.append(list(argv))
        said = f"{self.container}\n" if argv[1] == "ps" else self._inspected
        return CommandResult(tuple(argv), 0, said, "", timeout)

    run_status = run


def calico_on(machine: FakeMachine) -> KindCalicoNode:
    nothing: Any = None
    return KindCalicoNode(
        cast("Any", machine), node="node01", version="v3.23.2", kubernetes=nothing, note=nothing
    )


def test_a_program_has_the_containers_namespaces_and_settings(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    calico_on(machine).run_status(["calico-node", "-bird-ready"])
    assert machine.asked[-1] == [
        *("env", "-i", "PATH=/usr/bin", "METHOD=cidr=10.0.0.0/8", "nsenter", "--target=1079"),
        *(
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--root",
            "--wd",
            "--",
            "calico-node",
            "-bird-ready",
        ),
    ]


def test_each_container_is_asked_about_once(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    calico = calico_on(machine)
    assert calico.environment == {"PATH": "/usr/bin", "METHOD": "cidr=10.0.0.0/8"}
    assert calico.environment["METHOD"] == "cidr=10.0.0.0/8"
    assert [argv[1] for argv in machine.asked].count("inspect") == 1
    machine.container = "4567"
    assert calico.environment
    assert [argv[-1] for argv in machine.asked if argv[1] == "inspect"] == ["0123", "4567"]


@pytest.mark.parametrize(
    "said", ["", "{}", '{"info": {"pid": "?"}}', '{"info": {"pid": 1, "runtimeSpec": {}}}']
)
def test_what_is_not_understood_is_said(tmp_path: Path, said: str) -> None:
    with pytest.raises(LabError, match="crictl inspect says nothing of 0123 that is understood"):
        _ = calico_on(FakeMachine(tmp_path, inspected=said)).environment
