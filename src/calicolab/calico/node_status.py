"""What `calicoctl node status` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.calico.facts import NodeStatus, PeerRow
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.command import CommandResult

_RUNNING, _NOT_RUNNING = "Calico process is running.", "Calico process is not running."
_BEGIN, _END = "IPv4 BGP status", "IPv6 BGP status"
_NO_PEERS = "No IPv4 peers found."
_HEADER = ["PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO"]


def parse(result: CommandResult) -> NodeStatus:
    """Read the answer of v3.21 to v3.31 (calicoctl/commands/node/status.go).

    A peer whose BIRD gives no info at all, such as one that is disabled, is not in calicoctl's table: it wants six
    columns of BIRD. Nor are v3.31's peers that are workloads. BIRD's own sessions have them.

    Raises:
        LabError: it is no such answer: calicoctl could not be run, or not as root.
    """
    text = "\n".join(part.rstrip("\n") for part in (result.stdout, result.stderr) if part.strip())
    if _RUNNING not in text and _NOT_RUNNING not in text:
        raise LabError(f"`calicoctl node status` gave no answer: {result}")
    section = text.partition(_BEGIN)[2].partition(_END)[0]
    rows = list(_rows(section))
    if rows and rows[0] != _HEADER:
        raise LabError(f"`calicoctl node status` has a table of other columns: {' | '.join(rows[0])}")
    return NodeStatus(
        process_running=_RUNNING in text,
        bird_running=bool(rows) or _NO_PEERS in section,
        peers=tuple(PeerRow(*row) for row in rows[1:]),
        text=text,
    )


def _rows(section: str) -> Iterator[list[str]]:
    """The rows of the table; a cell that was folded (info is, at 30 characters) is put together again."""
    row: list[str] = []
    for line in section.splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != len(_HEADER):
            raise LabError(f"`calicoctl node status` has a row of {len(cells)} columns: {line}")
        if cells[0]:
            if row:
                yield row
            row = cells
        elif row:
            row = [" ".join(filter(None, pair)) for pair in zip(row, cells, strict=True)]
    if row:
        yield row
