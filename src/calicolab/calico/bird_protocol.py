"""BIRD's control protocol: from bytes to replies, however they are cut into pieces.

A reply is lines: `NNNN-text` (more follow), ` text` (the code of the line before) and a last one, `NNNN text`. Codes
0xxx end a command that did well, 1xxx and 2xxx carry data, 8xxx and 9xxx are errors. A line that begins with `+` is a
message that belongs to no reply. Source: BIRD 1.6, nest/cli.c and doc/reply_codes; seen with Debian's bird 1.6.8.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from calicolab.calico.bird_errors import BirdProtocolError

#: Bytes of one reply; 50 peers with all their details are 60 KB. More means that it is no BIRD.
REPLY_LIMIT = 32 * 1024 * 1024
#: Characters of a line that an error shows.
SHOWN = 60
#: The codes of BIRD's errors begin here: 8xxx run-time errors, 9xxx errors in the command.
FIRST_ERROR = 8000
WELCOME = 1


class Line(NamedTuple):
    """One line of a reply, with the code that it has or takes over from the line before."""

    code: int
    text: str


@dataclass(frozen=True)
class Reply:
    """A whole reply; the last of its lines is the one that ended it."""

    lines: tuple[Line, ...]

    @property
    def code(self) -> int:
        """The code that ended it."""
        return self.lines[-1].code

    @property
    def is_error(self) -> bool:
        """Whether BIRD refused the command."""
        return self.code >= FIRST_ERROR


class ReplyReader:
    """Takes bytes as they come and hands out whole replies."""

    def __init__(self) -> None:
        self._replies: deque[Reply] = deque()
        self._lines: list[Line] = []
        self._rest = b""
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take `data`, which may end anywhere.

        Raises:
            BirdProtocolError: what was fed is no reply of BIRD's; nothing more can be read.
        """
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._size += len(data)
        for raw in whole:
            if raw[:1] == b" " and self._lines:
                self._lines.append(Line(self._lines[-1].code, raw[1:].decode(errors="replace")))
            elif raw[:1] != b"+":
                self._add(raw)
        if self._size > REPLY_LIMIT:
            raise BirdProtocolError(f"one reply is longer than {REPLY_LIMIT} bytes, so this is no BIRD")

    def take(self) -> Reply | None:
        """The next whole reply; None when more bytes are needed."""
        return self._replies.popleft() if self._replies else None

    def _add(self, raw: bytes) -> None:
        """Add a line that has a code of its own."""
        code, mark = raw[:4], raw[4:5]
        if not (len(code) == 4 and code.isdigit() and mark in (b" ", b"-")):
            shown = raw[:SHOWN].decode(errors="backslashreplace")
            raise BirdProtocolError(f"BIRD's lines begin with a reply code, this one does not: {shown!r}")
        self._lines.append(Line(int(code), raw[5:].decode(errors="replace")))
        if mark == b" ":
            self._replies.append(Reply(tuple(self._lines)))
            self._lines, self._size = [], 0
