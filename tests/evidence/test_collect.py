"""What is gathered when a check fails: everything, each part by itself, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calicolab.errors import LabError
from calicolab.evidence.collect import collect
from calicolab.evidence.store import RunStore
from calicolab.evidence.timeline import Timeline
from tests.fixtures.fake_lab import FakeCalico, FakeLab, FakeNode


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore.create(tmp_path)


@pytest.fixture
def lab() -> Any:
    return FakeLab("v3.23.2", 2, Timeline())


def test_every_part_of_every_node_is_gathered(lab: Any, store: RunStore) -> None:
    names = collect(lab, store, under="evidence/x")
    per_node = [
        "bird.cfg",
        "bird_aggr.cfg",
        "bird6.cfg",
        "bird-protocols.txt",
        "services.txt",
        "log-start.txt",
        "log-bird.txt",
        "log-confd.txt",
        "log-felix.txt",
        "routes.txt",
        "addresses.txt",
        "iptables.txt",
        "iptables-legacy.txt",
        "iptables-nft.txt",
    ]
    assert names == [
        "evidence/x/cluster/nodes.yaml",
        "evidence/x/cluster/ippools.yaml",
        "evidence/x/cluster/events.txt",
        *(f"evidence/x/{node}/{name}" for node in ("node01", "node02") for name in per_node),
    ]
    for name in names:
        assert (store.folder / name).read_text()
    assert "iptables-save -c on node02" in (store.folder / "evidence/x/node02/iptables.txt").read_text()
    assert "- kind: nodes" in (store.folder / "evidence/x/cluster/nodes.yaml").read_text()


def test_no_planted_secret_is_gathered(lab: Any, store: RunStore) -> None:
    for name in collect(lab, store, under="evidence/x"):
        text = (store.folder / name).read_text()
        assert "planted" not in text, name
    assert "redacted" in (store.folder / "evidence/x/node01/log-bird.txt").read_text()
    assert "redacted" in (store.folder / "evidence/x/node01/bird.cfg").read_text()


def broken(*_: object, **__: object) -> Any:
    raise LabError("the container is gone")


def test_a_part_that_breaks_says_so_and_the_others_are_gathered(
    lab: Any, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeCalico, "logs", broken)
    collect(lab, store, under="e")
    assert (store.folder / "e/node01/log-bird.txt").read_text() == (
        "could not be collected: LabError: the container is gone\n"
    )
    assert "ip route" in (store.folder / "e/node01/routes.txt").read_text()


def test_a_node_that_answers_nothing_hides_nothing(
    lab: Any, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeCalico, "run_status", broken)
    monkeypatch.setattr(FakeNode, "run_status", broken)
    monkeypatch.setattr(FakeCalico, "logs", broken)
    names = collect(lab, store, under="e")
    assert "e/node02/bird.cfg" in names
    for name in names:
        if not name.startswith("e/cluster/"):
            assert "the container is gone" in (store.folder / name).read_text(), name


def test_a_nodes_name_never_leaves_the_runs_folder(lab: Any, store: RunStore) -> None:
    lab.nodes[0].name = "node 01/../x"
    names = collect(lab, store, under="e")
    assert "e/node_01_.._x/routes.txt" in names


@pytest.mark.parametrize("outlive", [True, False])
def test_of_a_calico_node_that_does_not_run_it_says_so(
    store: RunStore, outlive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab: Any = FakeLab("v3.23.2", 1, Timeline())
    dead = property(lambda node: FakeCalico(node, running=False, logs_outlive_it=outlive))
    monkeypatch.setattr(FakeNode, "calico", dead)
    names = [Path(name).name for name in collect(lab, store, under="x") if "/node01/" in name]
    assert ("log-bird.txt" in names) is outlive
    assert {"services.txt", "routes.txt"} <= set(names)
    assert "bird-protocols.txt" not in names
    assert (store.folder / "x/node01/services.txt").read_text() == "calico-node does not run on node01\n"
