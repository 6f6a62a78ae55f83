"""What every lab does alike, whatever it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.labs.base import Lab, Node

NodeType = TypeVar("NodeType", bound="Node")


def find_node(nodes: Sequence[NodeType], name: str, *, lab: str) -> NodeType:
    """The node called `name`.

    Raises:
        UsageError: there is none; it names the known ones.
    """
    for node in nodes:
        if node.name == name:
            return node
    known = ", ".join(node.name for node in nodes) or "none: the lab is not up"
    raise UsageError(f"lab {lab} has no node {name!r}: its nodes are {known}")


def restore_addresses(lab: Lab, *, prefix_length: int) -> None:
    """Give every Node resource that holds another BGP address its node's own again."""
    calicoctl = lab.calicoctl
    stored = {address.node: address.ipv4 for address in calicoctl.node_addresses()}
    for node in lab.nodes:
        wanted = f"{node.address}/{prefix_length}"
        if stored.get(node.name) != wanted:
            calicoctl.patch("node", node.name, {"spec": {"bgp": {"ipv4Address": wanted}}})
