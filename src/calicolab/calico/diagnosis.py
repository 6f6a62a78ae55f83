"""Why a mesh is not what it should be: causes told apart, each in a sentence that says what to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.calico.mesh import Mesh
    from calicolab.labs.base import Lab, Node

Kind = Literal["wrong-address", "mesh-disabled", "bird-silent", "session-down"]


@dataclass(frozen=True)
class Finding:
    """One cause. `node` is "" when it is the cluster's."""

    kind: Kind
    node: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}{f' on {self.node}' if self.node else ''}: {self.detail}"


def diagnose(lab: Lab) -> tuple[Finding, ...]:
    """Look at addresses, BIRD and the mesh's setting, and return what is wrong; nothing when all is well.

    Sessions that are down for a cause already named are not named again.
    """
    stored = {address.node: address.ipv4 for address in lab.calicoctl.node_addresses()}
    mesh = lab.mesh()
    findings = [
        finding
        for node in lab.nodes
        if (finding := _wrong_address(node, stored.get(node.name), mesh=mesh)) is not None
    ]
    if not lab.calicoctl.mesh_enabled() and not lab.calicoctl.get("bgppeers")["items"]:
        findings.append(
            Finding(
                "mesh-disabled",
                "",
                "BGPConfiguration/default switches the mesh off, and there is no BGPPeer instead",
            )
        )
    findings += [Finding("bird-silent", node, reason) for node, reason in mesh.silent.items()]
    return tuple(findings) if findings else tuple(_sessions_down(mesh))


def _wrong_address(node: Node, stored: str | None, *, mesh: Mesh) -> Finding | None:
    if (stored or "").partition("/")[0] == node.address:
        return None
    carriers = [link.name for link in node.calico.interfaces() if stored in link.addresses]
    where = f"the address of its {carriers[0]}" if carriers else "an address of none of its interfaces"
    dialled = sorted({stranger.node for stranger in mesh.strangers})
    return Finding(
        "wrong-address",
        node.name,
        f"its Node resource holds {stored}, {where}, instead of {node.address}; "
        f"dialled by {', '.join(dialled) or 'nobody'}",
    )


def _sessions_down(mesh: Mesh) -> Iterator[Finding]:
    for source, target in sorted(mesh.expected_pairs - set(mesh.established_pairs)):
        session = mesh.session(source, target)
        state = f"{session.state} {session.info}" if session else "no session"
        yield Finding("session-down", source, f"to {target}: {state}")
