"""The kind lab: cached images to full mesh and where the time goes, the cure as Kubernetes sees it, the story."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.labs import VERSIONS
from benchmarks.measure import Figure, keep
from calicolab import labs
from calicolab.artifacts.progress import Plain
from calicolab.command import run_status
from calicolab.evidence.store import read_results
from calicolab.evidence.timeline import Timeline
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.labs.asked import Asked
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

RUNS, CURES = 3, 5
ROOT = Path(__file__).parents[1]
#: The lab's own events while it comes up, and what had been done by then.
STAGES = (
    ("images-loaded", "network, fence, images in the engine"),
    ("etcd-healthy", "three etcd members"),
    ("kubernetes-up", "kind: kubeadm on every node, Calico's images imported meanwhile"),
    ("calico-applied", "Calico's manifest applied"),
    ("mesh-established", "Calico's pods, BIRD, full mesh"),
    ("mesh-full", "every pod of the system Ready"),
)
INCIDENT = "suites/founding/test_incident.py"


def main() -> None:
    """Measure all of it; `calicolab docker up` must have been run where there is no engine."""
    figures = []
    for version in VERSIONS:
        whole = Figure(f"cached images to full mesh, {version}", "s", goal=120)
        stages = {event: Figure(f"of it: {what}, {version}", "s") for event, what in STAGES}
        cured = Figure(f"cure to every calico-node pod Ready (probe's period 10 s), {version}", "s", goal=15)
        for number in range(RUNS):
            lab = labs.create(Asked("kind", version), timeline=Timeline(), report=Plain())
            with lab:
                _add_stages(lab, whole, stages)
                if number == 0:
                    for _ in range(CURES):
                        cured.add(break_and_cure(lab))
        figures += [whole, *stages.values(), cured]
    figures += _stories()
    keep("kind", figures)


def _add_stages(lab: Lab, whole: Figure, stages: dict[str, Figure]) -> None:
    times = {event.event: event.t for event in lab.timeline.events}
    began = last = times["lab-starting"]
    for name, figure in stages.items():
        figure.add(times[name] - last)
        last = times[name]
    whole.add(times["mesh-established"] - began)


def break_and_cure(lab: Lab) -> float:
    """Seconds from `calicoctl apply` until Kubernetes calls every pod of calico-node ready."""
    faulty = lab.node("node02")
    right = next(one.ipv4 or "" for one in lab.calicoctl.node_addresses() if one.node == faulty.name)
    # A name that every version takes.
    with lab.fault(DockerBridge(node=faulty.name, bridge="mybr0")):
        faulty.calico.restart()
        wait_for(lab.mesh, until=lambda mesh: bool(mesh.strangers) and not mesh.silent, timeout=60)
        wait_for(faulty.calico.felix_readiness, until=lambda felix: felix.ready, timeout=60)
    started = time.monotonic()
    CorrectNodeAddress(node=faulty.name, address=right).apply(lab)
    wait_for(
        lambda: tuple(lab.kubernetes.calico_pod(node.name) for node in lab.nodes),
        until=lambda pods: all(pod is not None and pod.ready for pod in pods),
        timeout=60,
    )
    return time.monotonic() - started


def _stories() -> list[Figure]:
    """The same story on both kinds of lab, and all that CI runs on kind."""
    version = VERSIONS[0]
    story = {kind: Figure(f"the incident's story on {kind}, {version}", "s") for kind in labs.KINDS}
    ratio = Figure("the same story, kind against netns", "times")
    for kind, figure in story.items():
        figure.add(_run(INCIDENT, kind=kind, version=version))
    ratio.add(story["kind"].median / story["netns"].median)
    whole = Figure(f"founding and connectivity (CI set) on kind, {version}", "s", goal=720)
    whole.add(_run("suites/founding", "suites/connectivity", kind="kind", version=version))
    return [*story.values(), ratio, whole]


def _run(*what: str, kind: str, version: str) -> float:
    """Seconds of a run that passed."""
    with tempfile.TemporaryDirectory(prefix="calicolab-story-") as reports:
        argv = [sys.executable, "-m", "pytest", "-q", *what, "--lab", kind, f"--calico={version}"]
        began = time.monotonic()
        done = run_status([*argv, f"--reports={reports}"], timeout=3600, cwd=ROOT)
        seconds = time.monotonic() - began
        if not done.succeeded or read_results(Path(reports) / "latest" / "results.json").verdict != "pass":
            raise SystemExit(f"{' '.join(what)} on {kind} did not pass: {done.stdout[-2000:]}")
    return seconds


if __name__ == "__main__":
    main()
