"""What `calicoctl ipam show --show-blocks` prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from calicolab.errors import LabError

_NUMBER = r"(\d+(?:\.\d+)?(?:e\+\d+)?)"
_ROW = re.compile(
    rf"\|\s*(IP Pool|Block)\s*\|\s*(\S+)\s*\|\s*{_NUMBER}\s*\|\s*{_NUMBER} \([^)]*\)\s*\|\s*{_NUMBER} \([^)]*\)\s*\|",
    re.ASCII,
)
_HEADER = ["GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE", "IPS FREE"]


@dataclass(frozen=True)
class Usage:
    """Addresses of a pool or of a block; large pools are printed with few digits (1.8447e+19), hence no integers."""

    grouping: Literal["IP Pool", "Block"]
    cidr: str
    total: float
    in_use: float
    free: float


def parse(text: str) -> tuple[Usage, ...]:
    """Read the table.

    Raises:
        LabError: it has other columns, or a row that is none.
    """
    rows = [line for line in text.splitlines() if line.startswith("|")]
    if not rows or [cell.strip() for cell in rows[0].strip("|").split("|")] != _HEADER:
        raise LabError(f"`calicoctl ipam show` has a table of other columns: {text.strip() or '(nothing)'}")
    return tuple(_usage(row) for row in rows[1:])


def _usage(row: str) -> Usage:
    found = _ROW.match(row)
    if found is None:
        raise LabError(f"this is no row of `calicoctl ipam show`: {row}")
    return Usage(
        grouping="Block" if found[1] == "Block" else "IP Pool",
        cidr=found[2],
        total=float(found[3]),
        in_use=float(found[4]),
        free=float(found[5]),
    )
