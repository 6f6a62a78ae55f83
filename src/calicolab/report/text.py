"""Text that any reader of XML and HTML can hold."""

from __future__ import annotations

import re
from html import escape

#: What XML 1.0 cannot hold, not even escaped (its production 2, "Char").
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: What people put between backquotes.
_CODE = re.compile(r"`([^`\n]+)`")


def holdable(text: str) -> str:
    """`text`, with a replacement character for each that XML cannot hold, such as a terminal's escape."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def escaped(text: str) -> str:
    """`text` as markup, in an element or an attribute."""
    return escape(holdable(text))


def prose(text: str) -> str:
    """`text` as markup, with what stands between backquotes as code."""
    # Escaped first: what is between the marks is text already.
    return _CODE.sub(r"<code>\1</code>", escaped(text))
