"""How something stands, in a sign, a word and a colour: whoever sees no colours reads the other two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calicolab.evidence.model import Outcome


@dataclass(frozen=True)
class Mark:
    """`kind` is the class that colours it, `sign` stands before `word`."""

    kind: str
    sign: str
    word: str


OK = Mark("ok", "\N{CHECK MARK}", "pass")
BAD = Mark("bad", "\N{BALLOT X}", "FAIL")
UNSURE = Mark("unsure", "?", "inconclusive")
SKIPPED = Mark("skip", "\N{EN DASH}", "skipped")
#: As expected, and yet what nobody wants on a cluster.
RISK = Mark("risk", "!", "risk")
NEVER = Mark("never", "\N{MIDDLE DOT}", "never run")

MARKS: dict[Outcome, Mark] = {"pass": OK, "fail": BAD, "inconclusive": UNSURE, "skip": SKIPPED}
