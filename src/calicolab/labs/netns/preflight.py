"""What this machine must offer before a namespace lab is begun: each missing thing named, within a second."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pyroute2.netlink.exceptions import NetlinkError

from calicolab.errors import UsageError
from calicolab.host.network_namespace import netlink
from calicolab.labs.netns import network, topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from calicolab.labs.netns.machine import Machine

#: Programs of util-linux that make and enter namespaces.
PROGRAMS = ("setpriv", "unshare", "nsenter")
#: Bytes of memory a node takes (measured: docs/decisions), and what the rest of a lab does.
MEMORY_PER_NODE, MEMORY_BESIDES = 80 << 20, 400 << 20
_PROBE = "probe0"


def check(plan: topology.Topology) -> None:
    """Refuse what cannot be, before anything is made.

    Raises:
        UsageError: not root, no overlayfs, a program missing, too little memory, or a subnet that overlaps.
    """
    check_host()
    topology.refuse_overlap(plan, network.machine_routes())
    _check_memory(len(plan.nodes))


def check_host() -> None:
    """Refuse what no namespaces can be made without.

    Raises:
        UsageError: not root, no overlayfs, or a program missing.
    """
    if os.geteuid() != 0:
        raise UsageError(
            "the namespace lab needs root: it makes network namespaces and mounts; run it as root"
        )
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise UsageError(f"the namespace lab needs {', '.join(missing)}: install util-linux")
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        raise UsageError(
            "this kernel has no overlayfs, which the lab's machines live on: load or build it (overlay)"
        )


def _check_memory(nodes: int) -> None:
    needed = nodes * MEMORY_PER_NODE + MEMORY_BESIDES
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(fields["MemAvailable"].split()[0]) << 10
    if available < needed:
        raise UsageError(
            f"a lab with {nodes} nodes needs about {needed >> 20} MiB of memory, but {available >> 20} MiB are free: "
            "ask for fewer nodes"
        )


def check_kernel(switch: Machine) -> None:
    """Try, in the lab's own first namespace, what the lab and Felix need of the kernel.

    Raises:
        UsageError: it names everything that this kernel lacks.
    """
    probes: dict[str, Callable[[], bool]] = {
        "bridge": lambda: _can_add(switch, kind="bridge"),
        "veth": lambda: _can_add(switch, kind="veth"),
        "ipset": lambda: _runs(switch, ["ipset", "create", _PROBE, "hash:ip"]),
        "rpfilter": lambda: _runs(
            switch, ["iptables", "-w", "-t", "raw", "-A", "PREROUTING", "-m", "rpfilter", "-j", "ACCEPT"]
        ),
    }
    missing = [name for name, works in probes.items() if not works()]
    if missing:
        raise UsageError(
            f"this kernel lacks what the namespace lab needs: {', '.join(missing)}; "
            "load the modules, or use another kernel"
        )
    switch.run(["ipset", "destroy", _PROBE])
    switch.run(["iptables", "-w", "-t", "raw", "-F", "PREROUTING"])


def _can_add(switch: Machine, *, kind: str) -> bool:
    with netlink(switch.init.network) as link:
        try:
            link.link("add", ifname=_PROBE, kind=kind)
        except NetlinkError:
            return False
        link.link("del", index=link.link_lookup(ifname=_PROBE)[0])
    return True


def _runs(switch: Machine, argv: list[str]) -> bool:
    return switch.run_status(argv).succeeded
