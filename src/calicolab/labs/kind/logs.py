"""What a failure on Kubernetes is looked into with: events, pods, what runs each node, and etcd."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calicolab.kubernetes.cluster import Cluster
    from calicolab.labs.kind.etcd import EtcdContainers
    from calicolab.labs.kind.machine import Machine

#: What is asked for of a journal, lines from its end; and seconds for it.
LINES, TIMEOUT = 2000, 30.0
#: Where the kubelet keeps the logs of the node's containers, and how many lines of each are wanted.
POD_LOGS, POD_LINES = "/var/log/pods", 100


def parts(
    machines: Mapping[str, Machine], *, kubernetes: Cluster | None, etcd: EtcdContainers | None
) -> dict[str, Callable[[], str]]:
    """File names, and what gathers each. Without an API server the nodes' logs are all there is.

    Args:
        machines: the nodes' containers, by the nodes' names.
        kubernetes: None when it was not reached yet.
        etcd: None when it was not begun yet.
    """
    found: dict[str, Callable[[], str]] = {}
    if kubernetes is not None:
        found["kubernetes-events.txt"] = kubernetes.events
        found["kubernetes-pods.txt"] = lambda: "\n".join(map(str, kubernetes.pods()))
    for node, machine in machines.items():
        for unit in ("kubelet", "containerd"):
            found[f"{node}-{unit}.txt"] = _journal(machine, unit)
        found[f"{node}-pods.txt"] = _pod_logs(machine)
    if etcd is not None:
        for member, container in etcd.by_member.items():
            found[f"{member}.txt"] = partial(etcd.logs, container, lines=LINES)
    return found


def gathered(found: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """What can be had of `found`; of the rest, why not."""

    def said(gather: Callable[[], str]) -> str:
        try:
            return gather()
        except LabError as error:
            return f"could not be collected: {error}"

    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(found, pool.map(said, found.values()), strict=True))


def _journal(machine: Machine, unit: str) -> Callable[[], str]:
    argv = ["journalctl", "--no-pager", "--lines", str(LINES), "--unit", unit]
    return lambda: machine.run(argv, timeout=TIMEOUT).stdout


def _pod_logs(machine: Machine) -> Callable[[], str]:
    """The end of what each container on the node has said, those that ended and were started again among them."""
    each = ("-exec", "tail", "--verbose", f"--lines={POD_LINES}", "{}", "+")
    argv = ["find", POD_LOGS, "-name", "*.log", *each]
    return lambda: machine.run(argv, timeout=TIMEOUT).stdout
