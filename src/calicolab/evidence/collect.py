"""When a check fails: gather what tells why, before anything is taken down.

Every part is gathered by itself. One that cannot be gathered leaves its error in its own file, and never hides the
failure that it was gathered for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.command import CommandResult
    from calicolab.evidence.store import RunStore
    from calicolab.labs.base import Lab, Node

#: Where confd writes BIRD's configuration in calico/node (confd/etc/calico/confd/conf.d/bird*.toml in Calico's tree).
BIRD_CONFIGURATION = "/etc/calico/confd/config"
#: Where calico/node's BIRD listens (its service's run script).
BIRD_SOCKET = "/var/run/calico/bird.ctl"
#: Where runit finds calico/node's services.
SERVICES = "/etc/service/enabled"
#: Those that write logs, where they cannot be listed: on the namespace lab a log outlives its container.
LOGGED = ("bird", "confd", "felix", "monitor-addresses")
#: Seconds for one program; a node that hangs must not hold up the rest.
TIMEOUT = 10.0

Part = tuple[str, "Callable[[], str]"]


def collect(lab: Lab, store: RunStore, *, under: str) -> list[str]:
    """Gather the state of `lab` into files of `store` and return their names.

    Args:
        lab: what to look at; it is only read.
        store: where the files go, redacted.
        under: the folder for them, relative to the run's.
    """
    names = [
        store.write_text(f"{under}/cluster/{name}", _said(gather)) for name, gather in _cluster_parts(lab)
    ]
    for node in lab.nodes:
        names += [
            store.write_text(f"{under}/{_file_name(node.name)}/{name}", _said(gather))
            for name, gather in _node_parts(node)
        ]
    return names


def _said(gather: Callable[[], str]) -> str:
    try:
        return gather()
    except Exception as error:  # noqa: BLE001 - whatever breaks here must not hide the failure looked into
        return f"could not be collected: {type(error).__name__}: {error}\n"


def _cluster_parts(lab: Lab) -> Iterator[Part]:
    yield "nodes.yaml", lambda: yaml.safe_dump(lab.calicoctl.get("nodes"), sort_keys=False)
    yield "ippools.yaml", lambda: yaml.safe_dump(lab.calicoctl.get("ippools"), sort_keys=False)
    yield from lab.evidence().items()


def _node_parts(node: Node) -> Iterator[Part]:
    yield from _container_parts(node) if _runs(node) else _parts_without_a_container(node)
    for name, argv in (
        ("routes.txt", ["ip", "route", "show", "table", "all"]),
        ("addresses.txt", ["ip", "-details", "address", "show"]),
        ("iptables.txt", ["iptables-save", "-c"]),
        # Felix takes one of the two backends, which need not be the one that `iptables` stands for.
        ("iptables-legacy.txt", ["iptables-legacy-save", "-c"]),
        ("iptables-nft.txt", ["iptables-nft-save", "-c"]),
    ):
        yield name, _machine_reader(node, argv)


def _runs(node: Node) -> bool:
    try:
        return node.calico.running
    except Exception:  # noqa: BLE001 - what is asked of its container then tells what is wrong
        return True


def _container_parts(node: Node) -> Iterator[Part]:
    for name in _listed(node, folder=BIRD_CONFIGURATION, pattern=r"bird.*\.cfg"):
        yield name, _reader(node, ["cat", f"{BIRD_CONFIGURATION}/{name}"])
    yield "bird-protocols.txt", _reader(node, ["birdcl", "-s", BIRD_SOCKET, "show", "protocols", "all"])
    yield "services.txt", _reader(node, ["ls", SERVICES])
    yield "log-start.txt", lambda: node.calico.logs()
    for service in _listed(node, folder=SERVICES, pattern=r"\w[\w.-]*"):
        yield f"log-{service}.txt", _log_reader(node, service)


def _parts_without_a_container(node: Node) -> Iterator[Part]:
    """Of a calico-node that does not run: that it does not, and its logs where they outlive it."""
    yield "services.txt", lambda: f"calico-node does not run on {node.name}\n"
    if node.calico.logs_outlive_it:
        yield "log-start.txt", lambda: node.calico.logs()
        for service in LOGGED:
            yield f"log-{service}.txt", _log_reader(node, service)


def _listed(node: Node, *, folder: str, pattern: str) -> list[str]:
    """The files of `folder` in the container that match.

    When it cannot be listed, the one configuration that must be there is named, so that its file tells why.
    """
    try:
        listed = node.calico.run_status(["ls", folder], timeout=TIMEOUT)
    except Exception:  # noqa: BLE001 - reading the one expected file then tells what is wrong
        return ["bird.cfg"] if folder == BIRD_CONFIGURATION else []
    found = [name for name in listed.stdout.split() if re.fullmatch(pattern, name)]
    return found or (["bird.cfg"] if folder == BIRD_CONFIGURATION else [])


def _reader(node: Node, argv: list[str]) -> Callable[[], str]:
    return lambda: _shown(node.calico.run_status(argv, timeout=TIMEOUT))


def _machine_reader(node: Node, argv: list[str]) -> Callable[[], str]:
    return lambda: _shown(node.run_status(argv, timeout=TIMEOUT))


def _log_reader(node: Node, service: str) -> Callable[[], str]:
    return lambda: node.calico.logs(service)


def _shown(result: CommandResult) -> str:
    """What a program printed; of one that failed, that it did so too."""
    return result.stdout if result.succeeded else f"{result}\n{result.stdout}"


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)
