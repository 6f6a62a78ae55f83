"""A mesh as text, for a person who reads why a check failed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.calico.mesh import Mesh

#: Up to as many nodes the whole matrix is shown; beyond, what is not Established.
MATRIX_LIMIT = 10
#: Lines of one kind; more are counted.
LINES = 10
ITSELF, ABSENT, UNKNOWN = ".", "-", "?"


def render(mesh: Mesh) -> str:
    """The mesh in a few lines: what is Established, what is not, and who is there that should not be."""
    established, expected = len(mesh.established_pairs), len(mesh.expected_pairs)
    lines = [
        f"mesh of {len(mesh.nodes)} nodes: {established} of {expected} ordered pairs Established, "
        f"{'full' if mesh.is_full else 'not full'}"
    ]
    if len(mesh.nodes) <= MATRIX_LIMIT:
        lines += _matrix(mesh)
    if not mesh.is_full:
        lines += _few("silent", [f"{name}: {reason}" for name, reason in mesh.silent.items()])
        lines += _few("stranger", [str(stranger) for stranger in mesh.strangers])
        lines += _few("missing", list(_missing(mesh)))
        lines += _few(
            "down", [f"{node} to {peer}: {it.state} | {it.info}" for (node, peer), it in mesh.down.items()]
        )
    return "\n".join(lines)


def _matrix(mesh: Mesh) -> Iterator[str]:
    names = [node.name for node in mesh.nodes]
    rows = [["", *names], *([one, *(_cell(mesh, one, other) for other in names)] for one in names)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(mesh: Mesh, node: str, peer: str) -> str:
    if node == peer:
        return ITSELF
    if node in mesh.silent:
        return UNKNOWN
    session = mesh.session(node, peer)
    if session is None:
        return ABSENT
    return session.bgp_state if session.state in ("up", "start") and session.bgp_state else session.state


def _missing(mesh: Mesh) -> Iterator[str]:
    """The pairs without a session; a node that nobody has, or that has nobody, takes one line."""
    others = len(mesh.nodes) - 1 - len(mesh.silent)
    without = Counter(peer for _, peer in mesh.missing)
    having = Counter(node for node, _ in mesh.missing)
    lonely = {node for node, count in having.items() if count == len(mesh.nodes) - 1}
    unknown = {peer for peer, count in without.items() if count >= others > 1}
    for node in sorted(lonely):
        yield f"{node} has no session to any node"
    for peer in sorted(unknown):
        yield f"no node has a session to {peer}"
    for node, peer in mesh.missing:
        if node not in lonely and peer not in unknown:
            yield f"{node} has no session to {peer}"


def _few(kind: str, entries: list[str]) -> Iterator[str]:
    for entry in entries[:LINES]:
        yield f"  {kind}: {entry}"
    if len(entries) > LINES:
        yield f"  {kind}: and {len(entries) - LINES} more"
