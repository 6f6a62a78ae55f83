"""Kubernetes' own tests: how they are run, and what of their report counts."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from calicolab.command import CommandResult, CommandTimedOut, run_status
from calicolab.connectivity import e2e
from calicolab.connectivity.e2e import Programs, list_specs, run
from calicolab.connectivity.e2e_specs import CI, GRANULAR, ID_LIMIT, spec_of
from calicolab.errors import LabError
from calicolab.kubernetes.cluster import Cluster
from tests.kubernetes.fake_api import FakeApi

NAMESPACES = "/api/v1/namespaces"
LEFT = {"metadata": {"name": "pod-network-test-77", "labels": {"e2e-run": "1"}}}
PODS, NODES = GRANULAR[0], GRANULAR[2]


@dataclass
class Stage:
    """A cluster, and an e2e.test that does as it is told."""

    api: FakeApi
    cluster: Cluster
    programs: Programs
    log: Path
    patch: pytest.MonkeyPatch

    def tell(self, **states: str) -> None:
        self.patch.setenv("FAKE_E2E", json.dumps(states))

    def argv(self) -> list[str]:
        words: list[str] = json.loads(self.log.read_text())
        return words


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name in ("e2e.test", "ginkgo"):
        program = tmp_path / name
        program.write_text(
            f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fake_e2e.py")} "$@"\n'
        )
        program.chmod(0o755)
    programs = Programs(
        test=tmp_path / "e2e.test", ginkgo=tmp_path / "ginkgo", kubectl=tmp_path / "bin" / "kubectl"
    )
    log = tmp_path / "argv.json"
    monkeypatch.setenv("FAKE_E2E_LOG", str(log))
    with FakeApi() as api, Cluster(api.kubeconfig) as cluster:
        yield Stage(api, cluster, programs, log, monkeypatch)


def test_each_spec_has_its_outcome_its_time_and_its_output(stage: Stage) -> None:
    stage.tell(**{PODS.name: "passed", NODES.name: "failed"})
    failed, passed = run([NODES, PODS], programs=stage.programs, cluster=stage.cluster, timeout=60)
    assert (passed.spec, passed.outcome, passed.seconds, passed.message) == (PODS, "passed", 1.5, "")
    assert passed.output == "> Enter [It] & so on"
    assert (failed.outcome, failed.message) == ("failed", "did not find expected responses...")
    assert str(failed).endswith("failed in 1.5 s: did not find expected responses...")


def test_it_is_run_for_these_specs_alone_and_against_this_cluster(stage: Stage) -> None:
    stage.tell(**{PODS.name: "passed"})
    run([PODS], programs=stage.programs, cluster=stage.cluster, timeout=45, allowed_not_ready_nodes=-1)
    argv = stage.argv()
    assert f"--kubeconfig={stage.cluster.kubeconfig}" in argv
    assert "--provider=skeleton" in argv
    assert "--timeout=45s" in argv
    assert "--procs=1" in argv
    suite, separator = argv.index("--") - 1, argv.index("--")
    assert Path(argv[suite]).name == "e2e.test"
    assert argv.index("--provider=skeleton") > separator
    assert "--allowed-not-ready-nodes=-1" in argv
    (focus,) = (word.partition("=")[2] for word in argv if word.startswith("--focus="))
    matching = [one for one in CI if re.search(focus, f"Kubernetes e2e suite {one.name}")]
    assert matching == [PODS]


def test_specs_run_side_by_side(stage: Stage) -> None:
    stage.tell(**{PODS.name: "passed", NODES.name: "passed"})
    run([PODS, NODES], programs=stage.programs, cluster=stage.cluster, timeout=60)
    assert "--procs=2" in stage.argv()


def test_it_is_told_how_many_nodes_take_pods(stage: Stage) -> None:
    """Or all but ginkgo's first process would skip what needs two."""
    stage.tell(**{PODS.name: "passed"})
    for number, taints in enumerate(([{"key": "control-plane", "effect": "NoSchedule"}], [], [])):
        name = f"node0{number}"
        stage.api.put("/api/v1/nodes", {"metadata": {"name": name}, "spec": {"taints": taints}})
    run([PODS], programs=stage.programs, cluster=stage.cluster, timeout=60)
    assert stage.cluster.nodes_for_pods() == ("node01", "node02")
    assert "--num-nodes=2" in stage.argv()


@pytest.mark.parametrize("state", ["skipped", None])
def test_a_spec_that_was_not_run_is_an_error(stage: Stage, state: str | None) -> None:
    stage.tell(**{PODS.name: "passed"} | ({NODES.name: state} if state else {}))
    with pytest.raises(LabError, match=r"did not run .*node-pod communication"):
        run([PODS, NODES], programs=stage.programs, cluster=stage.cluster, timeout=60)


def test_a_spec_that_says_why_it_does_not_apply_has_its_reason(stage: Stage) -> None:
    stage.tell(**{PODS.name: "skipped:Only for providers [gce]"})
    (result,) = run([PODS], programs=stage.programs, cluster=stage.cluster, timeout=60)
    assert (result.outcome, result.passed) == ("skipped", False)
    assert result.message == "skipped - Only for providers [gce]"


def test_what_broke_before_the_specs_is_said(stage: Stage) -> None:
    stage.tell(**{PODS.name: "skipped"})
    stage.patch.setenv("FAKE_E2E_BROKEN", "3 / 12 pods were unready")
    with pytest.raises(LabError, match=r"did not run .*BeforeSuite\] failed: 3 / 12 pods were unready"):
        run([PODS], programs=stage.programs, cluster=stage.cluster, timeout=60)


def test_a_dry_run_is_no_run(stage: Stage) -> None:
    stage.tell(**{PODS.name: "passed"})
    assert list_specs(stage.programs, focus=["x"]) == (PODS,)
    assert "--ginkgo.dry-run" in stage.argv()
    report = '<testsuites><property name="DryRun" value="true"></property></testsuites>'
    with pytest.raises(LabError, match="run dry"):
        e2e.parse(report, specs=[PODS], ended=run_status(["true"], timeout=5))


def test_a_list_without_a_spec_is_an_error(stage: Stage) -> None:
    stage.tell()
    with pytest.raises(LabError, match="no spec that matches sig-storage"):
        list_specs(stage.programs, focus=["sig-storage"])


def test_one_that_hangs_is_killed_and_its_namespaces_go(stage: Stage) -> None:
    stage.tell()
    stage.patch.setenv("FAKE_E2E_HANGS", "1")
    stage.patch.setattr(e2e, "run_status", lambda argv, *, timeout, env: _after(stage, argv, env))
    stage.patch.setattr(e2e, "NAMESPACES_TIMEOUT", 0.2)
    with pytest.raises(CommandTimedOut):
        run([PODS], programs=stage.programs, cluster=stage.cluster, timeout=0.1)
    assert stage.api.objects[NAMESPACES] == {}


def _after(stage: Stage, argv: list[str], env: dict[str, str]) -> CommandResult:
    stage.api.put(NAMESPACES, LEFT)
    return run_status(argv, timeout=0.3, env=env)


def test_namespaces_that_were_there_before_are_left_alone(stage: Stage) -> None:
    stage.api.put(NAMESPACES, LEFT)
    stage.tell(**{PODS.name: "passed"})
    run([PODS], programs=stage.programs, cluster=stage.cluster, timeout=60)
    assert list(stage.api.objects[NAMESPACES]) == ["/pod-network-test-77"]


def test_a_report_that_is_none_is_an_error(stage: Stage) -> None:
    ended = run_status(["true"], timeout=5)
    with pytest.raises(LabError, match="cannot be read"):
        e2e.parse("<testsuites>", specs=[PODS], ended=ended)


def test_ids_are_short_and_tell_specs_apart() -> None:
    assert len({one.id for one in CI}) == len(CI)
    assert spec_of(PODS.name) is PODS
    long = (
        "[sig-network] Netpol NetworkPolicy between server and client should enforce policy to allow traffic "
    )
    one, other = spec_of(f"{long}from a [Feature:NetworkPolicy]"), spec_of(f"{long}from b")
    assert one.id != other.id
    assert one.id.startswith("policy-enforce-policy-to-allow-traffic-from-a")
    assert other.id == "policy-enforce-policy-to-allow-traffic-from-b"
    assert all(len(spec.id) <= ID_LIMIT + 7 for spec in (one, other))
