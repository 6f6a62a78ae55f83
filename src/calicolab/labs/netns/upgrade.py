"""Another version of Calico on a machine of the namespace lab: what a DaemonSet does to one node, in its order.

The pod is ended, its init container copies the CNI plugin to the machine, calico-node starts from the other image. The
machine's own calicoctl is replaced too, as whoever upgrades does: it refuses to work on a cluster of another version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab import artifacts
from calicolab.artifacts.progress import for_terminal
from calicolab.calico.upgrade import NodeReplaced, Upgraded
from calicolab.errors import LabError
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calicolab.artifacts import LabFiles
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.netns.machine import Machine
    from calicolab.labs.netns.node import NetnsNode

#: Where a machine says which version it was given last, for whoever takes over a lab that stands; none from the start.
MARK = "/etc/calicolab/calico-version"
#: What is of Calico's version in a machine's layer; calico-ipam is another name of calico.
PROGRAMS = ("opt/cni/bin/calico", "opt/cni/bin/cnitool", "usr/local/bin/calicoctl")
#: Seconds until a node that is not ready stops an upgrade, and as long again half for one that comes late. Kubernetes
#: would wait for ever; after 30 s the probe is content with a single peer.
READY_TIMEOUT = 30.0
#: How often, and every how many seconds, the probe must say ready before the next node's turn. The kubelet asks every
#: 10 s, and the controller acts after that: nobody is as fast as a lab that asks all the time, and a peer that
#: is killed in the 50 ms in which BIRD ends a graceful restart leaves a kernel without its route.
READY_LOOKS, BETWEEN_LOOKS = 3, 0.5


def files_of(version: str) -> LabFiles:
    """The programs of `version`, built when they are not there.

    Raises:
        UsageError: there is no such version.
        ArtifactError: they could not be had.
    """
    return next(iter(artifacts.obtain([version], report=for_terminal()).values()))


def version_of(machine: Machine) -> str | None:
    """The version that the machine was upgraded to; None when it has the one that it was made with."""
    return machine.read(MARK).strip() or None


def refuse_upgraded(lab: str, machines: Iterable[Machine]) -> None:
    """Refuse to go on with a lab that was upgraded, even if it came back: what the other version wrote stays in etcd.

    Raises:
        LabError: it was.
    """
    found = sorted({version for machine in machines if (version := version_of(machine)) is not None})
    if found:
        raise LabError(
            f"lab {lab} was upgraded and is now on {', '.join(found)}: what another version wrote into its etcd stays "
            "there, so it is thrown away"
        )


def roll(nodes: Sequence[NetnsNode], files: LabFiles, *, timeline: Timeline, lab: str) -> Upgraded:
    """Give those of `nodes` that do not have it the version in `files`, one after the other, until one is not ready.

    Raises:
        LabError: calico-node did not start.
    """
    replaced: list[NodeReplaced] = []
    due = [node for node in nodes if node.calico.version != files.version]
    for node in due:
        replaced.append(replace(node, files, timeline=timeline, lab=lab))
        if not replaced[-1].readiness.ready:
            break
    return Upgraded(
        version=files.version,
        replaced=tuple(replaced),
        left=tuple(node.name for node in due[len(replaced) :]),
    )


def replace(node: NetnsNode, files: LabFiles, *, timeline: Timeline, lab: str) -> NodeReplaced:
    """Give `node` the programs in `files`, and wait until its probe says ready.

    Raises:
        LabError: calico-node did not start.
    """
    began = timeline.add("upgrade-began", lab=lab, node=node.name, detail=files.version)
    node.calico.stop()
    for program in PROGRAMS:
        node.machine.install(f"/{program}", files.machine / program)
    node.machine.write(MARK, f"{files.version}\n".encode())
    node.calico.start_from((files.container, files.debian), version=files.version)
    try:
        readiness = wait_for(
            node.calico.readiness,
            until=lambda probe: probe.ready,
            timeout=READY_TIMEOUT,
            consecutive=READY_LOOKS,
            interval=BETWEEN_LOOKS,
        )
    except WaitTimeout:
        readiness = node.calico.readiness()
    ended = timeline.add(
        "upgrade-ended" if readiness.ready else "upgrade-stopped",
        lab=lab,
        node=node.name,
        detail=f"{files.version}, {readiness}",
    )
    return NodeReplaced(node=node.name, began=began.t, ended=ended.t, readiness=readiness)
