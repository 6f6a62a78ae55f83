"""What a failure on Kubernetes is looked into with: all that can be had, and why the rest cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from calicolab.command import CommandResult
from calicolab.errors import LabError
from calicolab.labs.kind import logs
from calicolab.labs.kind.calico_node import KindCalicoNode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calicolab.labs.kind.machine import Machine


class FakeMachine:
    """A node's container; `said` is what each program prints there, by its name."""

    root: Path

    def __init__(self, tmp_path: Path, **said: str) -> None:
        self.root = tmp_path
        self.said = said
        self.ran: list[list[str]] = []

    def run(self, argv: Sequence[str], *, timeout: float = 0, stdin: str | None = None) -> CommandResult:
        self.ran.append(list(argv))
        if argv[0] not in self.said:
            raise LabError(f"{argv[0]}: the container is gone")
        stdout, _, stderr = self.said[argv[0]].partition("|")
        return CommandResult(tuple(argv), 0, stdout, stderr, 0.0)


class FakeKubernetes:
    """An API server that answers."""

    def events(self) -> str:
        return "node01 NodeReady\n"

    def pods(self) -> tuple[str, ...]:
        return ("calico-node-x on node01", "coredns-y on node02")


class FakeEtcd:
    """Two members, the second of which has ended."""

    by_member: ClassVar = {"etcd1": "kind-1-etcd1", "etcd2": "kind-1-etcd2"}

    def logs(self, container: str, *, lines: int) -> str:
        return f"{container}: {lines} lines"


def parts(
    machines: dict[str, FakeMachine],
    kubernetes: FakeKubernetes | None = None,
    etcd: FakeEtcd | None = None,
) -> dict[str, str]:
    found = logs.parts(
        cast("dict[str, Machine]", machines), kubernetes=cast("Any", kubernetes), etcd=cast("Any", etcd)
    )
    return logs.gathered(found)


def test_events_pods_and_each_nodes_own_logs_are_there(tmp_path: Path) -> None:
    machines = {
        name: FakeMachine(tmp_path, journalctl="said so\n", find="==> a\n") for name in ("node01", "node02")
    }
    found = parts(machines, FakeKubernetes(), FakeEtcd())
    assert found == {
        "kubernetes-events.txt": "node01 NodeReady\n",
        "kubernetes-pods.txt": "calico-node-x on node01\ncoredns-y on node02",
        **{f"{node}-{unit}.txt": "said so\n" for node in machines for unit in ("kubelet", "containerd")},
        **{f"{node}-pods.txt": "==> a\n" for node in machines},
        "etcd1.txt": "kind-1-etcd1: 2000 lines",
        "etcd2.txt": "kind-1-etcd2: 2000 lines",
    }
    units = [argv[argv.index("--unit") + 1] for argv in machines["node02"].ran if argv[0] == "journalctl"]
    assert sorted(units) == ["containerd", "kubelet"]


def test_without_an_api_server_the_nodes_logs_are_there_all_the_same(tmp_path: Path) -> None:
    found = parts({"node01": FakeMachine(tmp_path, journalctl="x", find="y")})
    assert set(found) == {"node01-kubelet.txt", "node01-containerd.txt", "node01-pods.txt"}


def test_one_that_fails_hides_nothing_of_the_others(tmp_path: Path) -> None:
    broken, well = FakeMachine(tmp_path), FakeMachine(tmp_path, journalctl="said so\n")
    found = parts({"node01": broken, "node02": well})
    assert found["node01-kubelet.txt"] == "could not be collected: journalctl: the container is gone"
    assert found["node02-kubelet.txt"] == "said so\n"
    assert found["node02-pods.txt"] == "could not be collected: find: the container is gone"


#: What calico-node v3.23.2's container said, a line of each of its programs.
CONTAINER_LOG = """\
Skipping datastore connection test
2026-11-23 14:51:20.113 [INFO][9] startup/startup.go 425: Early log level set to info
2026-11-23 14:51:21.902 [INFO][71] felix/daemon.go 373: Successfully loaded configuration.
bird: Mesh_192_168_21_12: State changed to up
2026-11-23 14:51:22.001 [INFO][72] confd/config.go 82: Skipping confd config file.
2026-11-23 14:51:22.214 [WARNING][72] confd/client.go 1: this speaks of felix/ and of bird: it is from neither
2026-11-23 14:51:22.315 [INFO][71] felix/int_dataplane.go 1: Applied
bird6: Started
"""


@pytest.fixture
def calico(tmp_path: Path) -> KindCalicoNode:
    """calico-node whose container said that, the second half of it on its standard error."""
    half = CONTAINER_LOG.index("bird: ")
    machine = FakeMachine(tmp_path, crictl=f"{CONTAINER_LOG[:half]}|{CONTAINER_LOG[half:]}")
    return KindCalicoNode(
        cast("Machine", machine),
        node="node01",
        version="v3.23.2",
        kubernetes=cast("Any", None),
        note=lambda _event, _detail: None,
    )


@pytest.mark.parametrize(
    ("service", "lines"),
    [("felix", [2, 6]), ("confd", [4, 5]), ("bird", [3]), ("bird6", [7]), ("startup", [1]), ("nobody", [])],
)
def test_a_services_lines_are_told_from_the_others(
    calico: KindCalicoNode, monkeypatch: pytest.MonkeyPatch, service: str, lines: list[int]
) -> None:
    monkeypatch.setattr(KindCalicoNode, "container", "0123")
    all_lines = CONTAINER_LOG.splitlines(keepends=True)
    assert calico.logs(service) == "".join(all_lines[number] for number in lines)


def test_without_a_service_it_is_all_of_it(calico: KindCalicoNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KindCalicoNode, "container", "0123")
    assert calico.logs() == CONTAINER_LOG
