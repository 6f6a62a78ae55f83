"""What this machine must offer before a kind lab is begun: each missing thing named, within a second."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.errors import UsageError
from calicolab.host import inotify

if TYPE_CHECKING:
    from calicolab.labs.kind.topology import Topology

#: inotify instances that a node's systemd, kubelet, container runtime and Kubernetes' own pods take, with some to spare
#: (41 were seen with three nodes); the kernel's own limit is 128 for all of a user's processes. Where they run out,
#: a node's systemd ends at once, and kind says no more than that its init process is not running.
INOTIFY_PER_NODE = 16
#: Bytes of memory: three etcd members and what is beside them, a node, and what a control plane adds (measured).
MEMORY_BESIDES, MEMORY_PER_NODE, MEMORY_PER_CONTROL_PLANE = 700 << 20, 250 << 20, 400 << 20


def check(plan: Topology) -> None:
    """Refuse what cannot be, before anything is made.

    Raises:
        UsageError: too little memory, or too few inotify instances.
    """
    _check_inotify(len(plan.nodes))
    _check_memory(len(plan.nodes), control_planes=len(plan.control_planes))


def _check_inotify(nodes: int) -> None:
    needed = nodes * INOTIFY_PER_NODE
    free = inotify.free_instances(needed)
    if free < needed:
        limit = int(inotify.LIMIT.read_text())
        raise UsageError(
            f"a kind lab with {nodes} nodes needs about {needed} inotify instances, but {free} of {limit} are free: "
            f"end another lab, or raise the limit (sysctl fs.inotify.max_user_instances={max(2 * limit, 512)})"
        )


def _check_memory(nodes: int, *, control_planes: int) -> None:
    needed = MEMORY_BESIDES + nodes * MEMORY_PER_NODE + control_planes * MEMORY_PER_CONTROL_PLANE
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(fields["MemAvailable"].split()[0]) << 10
    if available < needed:
        raise UsageError(
            f"a kind lab with {nodes} nodes needs about {needed >> 20} MiB of memory, but {available >> 20} MiB are "
            "free: end something, or ask for fewer nodes"
        )
