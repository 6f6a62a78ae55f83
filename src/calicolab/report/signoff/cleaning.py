"""What other people's results may hold, made fit to be handed on: no secrets, nothing that no reader can see."""

from __future__ import annotations

import re
from typing import Any

from calicolab.evidence.redact import redact_all
from calicolab.report.text import holdable

#: Characters of one text that are kept; a page of ten runs is to stay small whatever somebody wrote into a field.
LONGEST = 6000
#: Controls that XML could hold, and marks that turn the direction of what follows (Unicode 15, section 23.2): with them
#: a text could show other words than it has.
_UNSEEN = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(value: Any) -> Any:
    """`value`, a tree of lists, dicts and scalars, without secrets, unprintable characters and endless texts."""
    return redact_all(value, then=_clean_text)


def _clean_text(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", holdable(text))
    if len(text) > LONGEST:
        return f"{text[:LONGEST]}\N{HORIZONTAL ELLIPSIS} ({len(text) - LONGEST} more characters)"
    return text
