"""Another version of Calico on the kind lab: its manifest is applied, and Kubernetes rolls the DaemonSet out."""

from __future__ import annotations

import copy
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab import artifacts
from calicolab.artifacts.progress import for_terminal
from calicolab.calico.facts import Readiness
from calicolab.calico.upgrade import NodeReplaced, Upgraded
from calicolab.errors import LabError
from calicolab.kubernetes.cluster import CALICO_NODE
from calicolab.labs.kind.bringup import CALICOCTL
from calicolab.wait import WaitAborted, WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calicolab.artifacts import CalicoFiles
    from calicolab.evidence.timeline import Timeline
    from calicolab.kubernetes.cluster import Cluster
    from calicolab.labs.kind.machine import Machine
    from calicolab.labs.kind.node import KindNode

#: Where a node says which version it was to get last, for whoever takes over a lab that stands; none from the start.
MARK = "/etc/calicolab-calico-version"
#: Seconds for one image to get into a node, and for a program to be copied there.
IMPORT_TIMEOUT, COPY_TIMEOUT = 300.0, 120.0
#: Seconds without a pod ended, started or become ready after which a rollout counts as stopped; a new pod is ready
#: within 40, and Kubernetes itself would wait for ever.
STALLED = 90.0
#: Seconds for a whole rollout, whatever it does.
TIMEOUT = 1800.0


def files_from(source: str) -> Callable[[str], CalicoFiles]:
    """What gives the images of another version from `source`."""
    return lambda version: artifacts.obtain_calico(version, source=source, report=for_terminal())


def version_of(machine: Machine) -> str | None:
    """The version that the node was upgraded to, or was about to be; None when it has the one that it was made with."""
    said = machine.run_status(["cat", MARK])
    return said.stdout.strip() if said.succeeded else None


def refuse_upgraded(lab: str, nodes: Sequence[KindNode]) -> None:
    """Refuse to go on with a lab that was upgraded, even if it came back: what the other version wrote stays in etcd.

    Raises:
        LabError: it was.
    """
    found = sorted({version for node in nodes if (version := version_of(node.machine)) is not None})
    if found:
        raise LabError(
            f"lab {lab} was upgraded and is now on {', '.join(found)}: what another version wrote into its etcd stays "
            "there, so it is thrown away"
        )


def import_images(nodes: Sequence[KindNode], files: CalicoFiles) -> None:
    """Have the images of another version in every node; one node after the other, as all of them share the disk.

    Raises:
        LabError: a node could not import one.
    """
    for node in nodes:
        for image in files.images:
            inside = f"/{image.archive.name}"
            _copy(node.machine, str(image.archive), inside)
            argv = ["ctr", "--namespace", "k8s.io", "images", "import", inside]
            node.machine.run(argv, timeout=IMPORT_TIMEOUT)
            node.machine.run(["rm", inside])


def _copy(machine: Machine, source: str, target: str) -> None:
    machine.engine.run("cp", source, f"{machine.name}:{target}", timeout=COPY_TIMEOUT)


def _install_calicoctl(machine: Machine, files: CalicoFiles) -> None:
    """Replace the node's calicoctl, which is a file of this machine until then."""
    draft = f"{CALICOCTL}.new"
    _copy(machine, str(files.calicoctl), draft)
    machine.run_status(["umount", CALICOCTL])
    machine.run(["mv", "--force", draft, CALICOCTL])


@dataclass
class _Turn:
    """A node's turn in a rollout."""

    node: KindNode
    began: float | None = None
    ended: float | None = None


class Rolling:
    """One rollout of calico-node."""

    def __init__(
        self, nodes: Sequence[KindNode], kubernetes: Cluster, *, timeline: Timeline, lab: str
    ) -> None:
        self._nodes, self._kubernetes = list(nodes), kubernetes
        self._timeline, self._lab = timeline, lab
        self._turns: list[_Turn] = []
        self._version, self._image = "", ""
        self._moved = time.monotonic()

    def to(
        self, files: CalicoFiles, objects: Sequence[Mapping[str, Any]], *, node: str | None = None
    ) -> Upgraded:
        """Apply `objects`, the manifest of another version, and watch Kubernetes go from node to node until it stops.

        Args:
            files: of that version.
            objects: its manifest.
            node: this node alone: the DaemonSet waits for its pods to be deleted then (OnDelete).

        Raises:
            LabError: Kubernetes refused, or a node could not be reached.
        """
        self._version, self._image = files.version, files.calico.node.name
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(lambda one: _install_calicoctl(one.machine, files), self._nodes))
        due = [one for one in self._nodes if one.calico.version != files.version]
        if node is not None:
            due = [one for one in due if one.name == node]
        self._turns = [_Turn(one) for one in due]
        # Before Kubernetes begins, which goes on by itself when this ends half way.
        for one in due:
            one.machine.write(MARK, f"{files.version}\n".encode())
        self._kubernetes.apply(_on_delete(objects) if node is not None else objects)
        if node is not None and due:
            self._kubernetes.delete_pod(due[0].calico.pod.name)
        self._moved = time.monotonic()
        try:
            wait_for(
                self._look,
                until=lambda done: done and (node is not None or self._kubernetes.rollout().complete),
                timeout=TIMEOUT,
                fail_early=lambda _: time.monotonic() - self._moved > STALLED,
                interval=0.1,
            )
        except (WaitTimeout, WaitAborted):
            self._timeline.add(
                "upgrade-stopped", lab=self._lab, detail=f"{files.version}: {self._kubernetes.rollout()}"
            )
        return self._result()

    def _look(self) -> bool:
        """Note what has changed since the last look; whether every node has had its turn."""
        for turn in self._turns:
            pod = self._kubernetes.calico_pod(turn.node.name)
            new = pod is not None and pod.image == self._image
            if turn.began is None and (pod is None or pod.deleted or new):
                turn.began = self._note("upgrade-began", turn.node)
                self._timeline.add("calico-node-stopped", lab=self._lab, node=turn.node.name)
            if turn.ended is None and new and pod is not None and pod.ready and not pod.deleted:
                turn.ended = self._note("upgrade-ended", turn.node)
        return all(turn.ended is not None for turn in self._turns)

    def _note(self, event: str, node: KindNode) -> float:
        self._moved = time.monotonic()
        return self._timeline.add(event, lab=self._lab, node=node.name, detail=self._version).t

    def _result(self) -> Upgraded:
        replaced = []
        for turn in sorted(self._turns, key=lambda turn: turn.began or 0.0):
            if turn.began is None:
                continue
            turn.node.calico.version = self._version
            ready = turn.ended is not None
            now = time.monotonic() - self._timeline.started
            replaced.append(
                NodeReplaced(
                    node=turn.node.name,
                    began=turn.began,
                    ended=turn.ended if turn.ended is not None else now,
                    readiness=Readiness(ready=True, message="") if ready else turn.node.calico.readiness(),
                )
            )
        return Upgraded(
            version=self._version,
            replaced=tuple(replaced),
            left=tuple(turn.node.name for turn in self._turns if turn.began is None),
        )


def _on_delete(objects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The manifest with a DaemonSet that makes no pod anew before somebody deletes it."""
    changed = [dict(copy.deepcopy(one)) for one in objects]
    for one in changed:
        if (one["kind"], one["metadata"]["name"]) == ("DaemonSet", CALICO_NODE):
            one["spec"]["updateStrategy"] = {"type": "OnDelete"}
    return changed
