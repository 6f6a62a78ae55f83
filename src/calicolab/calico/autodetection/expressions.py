"""Regular expressions as Go reads them: RE2, not Python's. `(?!...)` is an error in one and common in the other.

google-re2 is the library that Go's package regexp follows (decision 0080). It words its errors differently.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from collections.abc import Sequence

#: RE2's words for an error and Go's (regexp/syntax, ErrorCode), for those that a list of interface names may run into.
_IN_GO = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "unexpected )": "unexpected )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid repetition size": "invalid repeat count",
    "invalid named capture group": "invalid named capture",
    "invalid character class range": "invalid character class range",
    "invalid escape sequence": "invalid escape sequence",
    "trailing \\": "trailing backslash at end of expression",
}
#: Go's \s, which is ASCII only, around the commas of a list.
_COMMA = re.compile(r"[\t\n\f\r ]*,[\t\n\f\r ]*")


class InvalidExpression(Exception):
    """Go refuses the expression; the text is the error's, as it prints it."""


def split(text: str) -> list[str]:
    """The parts of a comma-separated list. An empty list has one part, and it is empty."""
    return _COMMA.split(text)


def matcher(expressions: Sequence[str]) -> Any:
    """One expression that matches what any of these does, joined as calico-node joins them (interfaces.go).

    An empty one among them, as behind a trailing comma, matches every name.

    Raises:
        InvalidExpression: the joined one is none.
    """
    options = re2.Options()
    options.log_errors = False
    joined = "(" + ")|(".join(expressions) + ")"
    try:
        return re2.compile(joined, options=options)
    except re2.error as error:
        raise InvalidExpression(_in_go(error)) from error


def _in_go(error: Exception) -> str:
    said = error.args[0]
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    code, _, argument = text.partition(": ")
    return f"error parsing regexp: {_IN_GO.get(code, code)}: `{argument}`"
