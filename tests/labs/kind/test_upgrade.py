"""A rollout that ends half way leaves word on the nodes, so that nobody takes the lab for what it was made as."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest

from calicolab.command import CommandResult
from calicolab.errors import LabError
from calicolab.evidence.timeline import Timeline
from calicolab.labs.kind import upgrade

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.artifacts import CalicoFiles
    from calicolab.kubernetes.cluster import Cluster


class Machine:
    """A node's machine that is nothing but its files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write(self, path: str, data: bytes) -> None:
        self.files[path] = data

    def run_status(self, argv: Sequence[str]) -> CommandResult:
        data = self.files.get(argv[-1])
        return CommandResult(tuple(argv), 0 if data is not None else 1, (data or b"").decode(), "", 0.0)


@pytest.mark.parametrize("stopped_by", [LabError("the API server is silent"), KeyboardInterrupt()])
def test_it_is_noted_before_kubernetes_begins(
    monkeypatch: pytest.MonkeyPatch, stopped_by: BaseException
) -> None:
    def apply(_objects: object) -> NoReturn:
        raise stopped_by

    nodes: list[Any] = [
        SimpleNamespace(name=name, machine=Machine(), calico=SimpleNamespace(version=version))
        for name, version in (("node01", "v3.31.0"), ("node02", "v3.23.2"))
    ]
    monkeypatch.setattr(upgrade, "_install_calicoctl", lambda _machine, _files: None)
    files = SimpleNamespace(
        version="v3.31.0", calico=SimpleNamespace(node=SimpleNamespace(name="calico/node"))
    )
    rolling = upgrade.Rolling(
        nodes, cast("Cluster", SimpleNamespace(apply=apply)), timeline=Timeline(), lab="kind-v3.23.2"
    )
    upgrade.refuse_upgraded("kind-v3.23.2", nodes)
    with pytest.raises(type(stopped_by)):
        rolling.to(cast("CalicoFiles", files), [])
    assert [upgrade.version_of(node.machine) for node in nodes] == [None, "v3.31.0"]
    with pytest.raises(LabError, match=r"was upgraded and is now on v3\.31\.0: .* thrown away"):
        upgrade.refuse_upgraded("kind-v3.23.2", nodes)
