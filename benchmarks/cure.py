"""The incident's cure, from `calicoctl apply` to a full mesh, and how late the harness sees a session Established."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from benchmarks.labs import new_lab
from benchmarks.measure import Figure, keep
from calicolab.calico.mesh import Mesh, Pair
from calicolab.faults.cures import CorrectNodeAddress
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.labs.netns.lab import NetnsLab
from calicolab.wait import wait_for

RUNS = 10
#: Seconds: `connect delay time 2` of Calico's bird.cfg.template.
CONNECT_DELAY = 2.0


def main() -> None:
    cured = Figure("cure to full mesh", "s", goal=CONNECT_DELAY + 1)
    seen = Figure("a session seen Established after BIRD's own time stamp of it", "ms", goal=100)
    with new_lab("v3.23.2") as lab:
        for _ in range(RUNS):
            _break_and_cure(lab, cured=cured, seen=seen)
    keep("cure", [cured, seen])


def _break_and_cure(lab: NetnsLab, *, cured: Figure, seen: Figure) -> None:
    faulty = lab.node("node02")
    first: dict[Pair, datetime] = {}

    def look() -> Mesh:
        mesh = lab.mesh()
        now = datetime.now(UTC)
        for pair in mesh.established_pairs:
            if faulty.name in pair:
                first.setdefault(pair, now)
        return mesh

    with lab.fault(DockerBridge(node=faulty.name)):
        faulty.calico.restart()
        others = len(lab.nodes) - 1
        wait_for(lab.mesh, until=lambda mesh: len(mesh.strangers) == others and not mesh.silent, timeout=30)
        # calico-node writes to its Node as it starts; a cure that falls between is refused ("update conflict").
        wait_for(faulty.calico.felix_readiness, until=lambda felix: felix.ready, timeout=30)
        started = time.monotonic()
        CorrectNodeAddress(node=faulty.name, address=f"{faulty.address}/24").apply(lab)
        wait_for(look, until=lambda mesh: mesh.is_full, timeout=30)
        cured.add(time.monotonic() - started)
    # A session's time stamp is to the millisecond only once svlogd has written BIRD's line.
    mesh = wait_for(
        lab.mesh,
        until=lambda mesh: all(one.since_precision < 1 for many in mesh.sessions.values() for one in many),
        timeout=10,
    )
    for pair, saw in first.items():
        session = mesh.session(*pair)
        if session is not None:
            seen.add((saw - session.since).total_seconds() * 1000)


if __name__ == "__main__":
    main()
