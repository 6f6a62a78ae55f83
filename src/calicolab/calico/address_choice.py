"""What calico-node should do about a node's BGP address when it starts, and what it did."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico import node_layout
from calicolab.calico.autodetection import Decision, Recorded, Settings, Stored, decide
from calicolab.calico.start import STARTED, afresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.labs.base import Lab, Node

METHOD = "IP_AUTODETECTION_METHOD"
#: What the container says in place of STARTED when `calico-node -startup` failed (node/filesystem/sbin/start_runit,
#: v3.21 to v3.31).
DIED = "Calico node failed to start"
#: It found no address by its method, and goes on with what is stored (startup.go, v3.21 to v3.31).
KEPT = "keeping existing value"
#: A line of the log that is about an address, and not about a setting such as FELIX_IPV6SUPPORT.
_OF_ADDRESSES = re.compile(r"\bIP")


@dataclass(frozen=True)
class Start:
    """One start of calico-node, over. `log` is what it said, `stored` what its Node resource holds since then."""

    died: bool
    stored: str | None
    #: The interface that has the stored address; "" when none has.
    interface: str
    log: str

    @property
    def kept(self) -> bool:
        """Whether it found no address and kept the stored one."""
        return KEPT in self.log

    @property
    def said(self) -> str:
        """What it logged of its address: the messages of its startup, without time and place."""
        lines = [line.partition(": ")[2] for line in self.log.splitlines() if " startup/" in line]
        return "\n".join(line for line in lines if _OF_ADDRESSES.search(line))

    def lacks(self, message: str) -> list[str]:
        """The lines of `message` that it did not log."""
        return [line for line in message.splitlines() if line not in self.log]


def expected(lab: Lab, node: Node, *, environment: Mapping[str, str] | None = None) -> Decision:
    """What the model says that calico-node will do on `node` if it starts now.

    Asked of the node's real interfaces and routes, its real settings, and what the datastore really holds.

    Args:
        lab: the node's lab.
        node: the node.
        environment: settings that will be added or changed.
    """
    settings = {**node.calico.environment, **(environment or {})}
    return decide(
        lab.calico_version, node_layout.read(node), settings_of(lab, node, settings), stored(lab, node.name)
    )


def start(lab: Lab, node: Node, *, environment: Mapping[str, str] | None = None) -> Start:
    """Start calico-node afresh on `node`, and see what comes of it.

    Args:
        lab: the node's lab.
        node: the node.
        environment: settings to add to or change in the container's environment from now on.

    Raises:
        LabError: it neither started nor died in time.
    """
    log = afresh(node, environment=environment, until=(STARTED, DIED))
    address = stored(lab, node.name).address
    owners = [link.name for link in node.calico.interfaces() if address in link.addresses]
    return Start(died=DIED in log, stored=address, interface=owners[0] if owners else "", log=log)


def settings_of(lab: Lab, node: Node, environment: Mapping[str, str]) -> Settings:
    """The settings of a container's environment that matter to its address."""
    kubernetes = "kubernetes" not in lab.cannot
    return Settings(
        ip=environment.get("IP"),
        method=environment.get(METHOD),
        # The kubelet reports the address that the node was given.
        kubernetes_internal_ip=node.address if kubernetes else None,
        node_ip_check=environment.get("DISABLE_NODE_IP_CHECK") != "true",
        backend=environment.get("CALICO_NETWORKING_BACKEND", "bird"),
        kubernetes=kubernetes,
    )


def stored(lab: Lab, name: str) -> Stored:
    """What the datastore holds of the node called `name`, and of the others."""
    nodes = {node["metadata"]["name"]: node.get("spec") or {} for node in lab.calicoctl.get("nodes")["items"]}
    addresses = {node: (spec.get("bgp") or {}).get("ipv4Address") for node, spec in nodes.items()}
    noted = nodes.get(name, {}).get("interfaces") or []
    return Stored(
        address=addresses.get(name),
        others={node: address for node, address in addresses.items() if node != name and address},
        interfaces=tuple(Recorded(one["name"], tuple(one.get("addresses") or ())) for one in noted),
        exists=name in nodes,
    )
