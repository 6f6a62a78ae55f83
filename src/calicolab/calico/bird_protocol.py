"""BIRD's control protocol: from bytes to replies, however they are cut into pieces.

A reply is lines: `NNNN-text` (more follow), ` text` (the code of the line before) and a last one, `NNNN text`. Codes
0xxx end a command that did well, 1xxx and 2xxx carry data, 8xxx and 9xxx are errors. A line that begins with `+` is a
message that belongs to no reply. Source: BIRD 1.6, nest/cli.c and doc/reply_codes; seen with Debian's bird 1.6.8.
"""

from __future__ import annotations

from dataclasses import dataclass

from calicolab.calico.bird_errors import BirdProtocolError

#: Bytes of one reply; 50 peers with all their details are 60 KB. More means that it is no BIRD.
REPLY_LIMIT = 32 * 1024 * 1024
#: Characters of a line that an error shows.
SHOWN = 60
#: The codes of BIRD's errors begin here: 8xxx run-time errors, 9xxx errors in the command.
FIRST_ERROR = 8000
WELCOME = 1


@dataclass(frozen=True)
class Line:
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
        self._pending = bytearray()
        self._lines: list[Line] = []
        self._size = 0
        self._searched = 0

    def feed(self, data: bytes) -> None:
        """Take `data`, which may end anywhere."""
        self._pending += data

    def take(self) -> Reply | None:
        """The next whole reply; None when more bytes are needed.

        Raises:
            BirdProtocolError: what was fed is no reply of BIRD's.
        """
        begin = 0
        try:
            while (end := self._pending.find(b"\n", max(begin, self._searched))) >= 0:
                finished = self._add(bytes(self._pending[begin:end]))
                self._size += end + 1 - begin
                begin = end + 1
                if self._size > REPLY_LIMIT:
                    break
                if finished:
                    reply = Reply(tuple(self._lines))
                    self._lines, self._size = [], 0
                    return reply
        finally:
            del self._pending[:begin]
            self._searched = 0
        self._searched = len(self._pending)
        if self._size + len(self._pending) > REPLY_LIMIT:
            raise BirdProtocolError(f"one reply is longer than {REPLY_LIMIT} bytes, so this is no BIRD")
        return None

    def _add(self, raw: bytes) -> bool:
        """Add a line; whether it ends the reply."""
        if raw.startswith(b" ") and self._lines:
            self._lines.append(Line(self._lines[-1].code, raw[1:].decode(errors="replace")))
            return False
        if raw.startswith(b"+"):
            return False
        code, mark = raw[:4], raw[4:5]
        if not (len(code) == 4 and code.isdigit() and mark in (b" ", b"-")):
            shown = raw[:SHOWN].decode(errors="backslashreplace")
            raise BirdProtocolError(f"BIRD's lines begin with a reply code, this one does not: {shown!r}")
        self._lines.append(Line(int(code), raw[5:].decode(errors="replace")))
        return mark == b" "
