"""The kind lab: cached images to full mesh and where the time goes, and the cure as Kubernetes sees it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.labs import VERSIONS
from benchmarks.measure import Figure, keep
from calicolab import labs
from calicolab.artifacts.progress import Plain
from calicolab.evidence.timeline import Timeline
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.labs.asked import Asked
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

RUNS, CURES = 3, 5
#: The lab's own events while it comes up, and what had been done by then.
STAGES = (
    ("images-loaded", "network, fence, images in the engine"),
    ("etcd-healthy", "three etcd members"),
    ("kubernetes-up", "kind: kubeadm on every node, Calico's images imported meanwhile"),
    ("calico-applied", "Calico's manifest applied"),
    ("mesh-established", "Calico's pods, BIRD, full mesh"),
    ("mesh-full", "every pod of the system Ready"),
)


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


if __name__ == "__main__":
    main()
