"""What the probe of two versions really printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico import readiness
from calicolab.calico.facts import Readiness
from calicolab.command import CommandResult, CommandTimedOut
from calicolab.errors import LabError
from tests.calico.recordings import VERSIONS, result

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_READY = "calico/node is not ready: "

versions = pytest.mark.parametrize("version", VERSIONS)


def answer(version: str, scene: str) -> Readiness:
    """A recorded answer."""
    return readiness.parse(result("probe", version, scene))


@versions
@pytest.mark.parametrize("scene", ["bird-later", "bird-nopeers", "both-later", "felix-ready"])
def test_ready(version: str, scene: str) -> None:
    assert answer(version, scene) == Readiness(ready=True, message="")
    assert str(answer(version, scene)) == "ready"


@versions
@pytest.mark.parametrize("scene", ["bird-strict", "both-strict"])
def test_the_incident_word_for_word(version: str, scene: str) -> None:
    """A log line comes before it on standard output."""
    assert result("probe", version, scene).stdout.count("\n") == 2
    found = answer(version, scene)
    assert not found.ready
    assert found.message == f"{NOT_READY}BIRD is not ready: BGP not established with 172.18.0.1"
    assert found.peers_named == ("172.18.0.1",)


@versions
def test_several_peers_are_named(version: str) -> None:
    assert answer(version, "bird-connecting").peers_named == ("192.168.21.11", "172.18.0.1")


@versions
@pytest.mark.parametrize(
    ("scene", "message"),
    [
        ("bird-gr", "BIRD is not ready: graceful restart in progress"),
        (
            "bird-hung",
            "BIRD is not ready: {E}rror executing command: read unix @->/run/calico/bird.ctl: i/o timeout",
        ),
        (
            "bird-killed",
            "BIRD is not ready: {E}rror querying BIRD: unable to connect to BIRDv4 socket: "
            "dial unix /var/run/calico/bird.ctl: connect: connection refused",
        ),
        (
            "bird-nosocket",
            "BIRD is not ready: {E}rror querying BIRD: unable to connect to BIRDv4 socket: "
            "dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
        ),
        (
            "bird-nothing",
            "BIRD is not ready: {F}ailed to stat() nodename file: "
            "stat /var/lib/calico/nodename: no such file or directory",
        ),
        (
            "felix-nothing",
            'felix is not ready: Get "http://localhost:9099/readiness": '
            "dial tcp [::1]:9099: connect: connection refused",
        ),
        (
            "felix-stopped",
            'felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded',
        ),
    ],
)
def test_other_reasons_name_no_peer(version: str, scene: str, message: str) -> None:
    """v3.31.0 turned the first letters of errors into small ones."""
    old = version == "v3.23.2"
    found = answer(version, scene)
    assert found.message == NOT_READY + message.format(E="E" if old else "e", F="F" if old else "f")
    assert found.peers_named == ()


def test_it_is_run_as_the_kubelet_runs_it() -> None:
    asked: list[tuple[list[str], float]] = []

    def run(argv: Sequence[str], *, timeout: float) -> CommandResult:
        asked.append((list(argv), timeout))
        return result("probe", "v3.23.2", "both-later")

    assert readiness.probe(run).ready
    readiness.probe(run, felix=False)
    readiness.probe(run, bird=False)
    assert [argv for argv, _ in asked] == [
        ["calico-node", "-felix-ready", "-bird-ready"],
        ["calico-node", "-bird-ready"],
        ["calico-node", "-felix-ready"],
    ]
    readiness.probe(run, bird=False, threshold=2.5)
    assert asked[-1][0] == ["calico-node", "-felix-ready", "-threshold-time=2.5s"]
    assert all(timeout > 30 for _, timeout in asked), "the probe itself waits 30 s for Felix"


@pytest.mark.parametrize(
    "failed",
    [
        CommandResult(("calico-node",), 127, "", "calico-node: not found", 0.1),
        CommandResult(
            ("calico-node",), -9, "2026-11-23 12:00:00.123 [INFO][1] node/health.go 206: Number", "", 0.1
        ),
        CommandResult(("calico-node",), 1, "", "", 0.1),
    ],
)
def test_a_probe_that_was_not_run_is_no_verdict(failed: CommandResult) -> None:
    with pytest.raises(LabError, match="gave no verdict"):
        readiness.parse(failed)


def test_a_probe_that_hangs_is_no_verdict() -> None:
    def run(argv: Sequence[str], *, timeout: float) -> CommandResult:
        raise CommandTimedOut(f"{argv} after {timeout}")

    with pytest.raises(CommandTimedOut):
        readiness.probe(run)
