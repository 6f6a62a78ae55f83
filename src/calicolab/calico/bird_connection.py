"""One connection to BIRD's control socket, from the welcome to the end of either side."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calicolab.calico.bird_errors import (
    BirdCommandError,
    BirdHung,
    BirdMissing,
    BirdProtocolError,
    BirdRefused,
    BirdUnreachable,
)
from calicolab.calico.bird_protocol import WELCOME, Reply, ReplyReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: Bytes of a socket's path without its final NUL (unix(7): sun_path holds 108).
PATH_LIMIT = 107
READ_SIZE = 256 * 1024


class ConnectionLost(Exception):
    """BIRD ended the connection before it had answered. The client tries again, or says BirdClosed."""


class Deadline:
    """A point of time until which a BIRD may answer, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then.

        Raises:
            TimeoutError: there are none.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class BirdConnection:
    """A connection to the BIRD at `path`, which has said its welcome.

    Raises:
        BirdUnreachable: there is none, or it does not answer.
        BirdProtocolError: what answers is no BIRD.
        ConnectionLost: it closed the connection.
    """

    def __init__(self, path: Path, *, deadline: Deadline) -> None:
        self._path = path
        self._reader = ReplyReader()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(deadline)
            self._welcome(self._read(deadline))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def exchange(self, commands: Sequence[str], *, deadline: Deadline) -> list[Reply]:
        """Send `commands` at once and return a reply to each. After an error the connection must not be used again.

        Raises:
            BirdHung: it did not answer in time.
            BirdCommandError: it refused one of them.
            BirdProtocolError: what it said is no reply.
            ConnectionLost: it closed the connection.
        """
        with self._within(deadline):
            self._socket.sendall("".join(f"{command}\n" for command in commands).encode())
        replies = [self._read(deadline) for _ in commands]
        for command, reply in zip(commands, replies, strict=True):
            if reply.is_error:
                said = f"{reply.code} {reply.lines[-1].text}"
                raise BirdCommandError(f"{self._path}: BIRD refused `{command}`: {said}", code=reply.code)
        return replies

    def _read(self, deadline: Deadline) -> Reply:
        while (reply := self._reader.take()) is None:
            with self._within(deadline):
                data = self._socket.recv(READ_SIZE)
            if not data:
                raise ConnectionLost
            self._reader.feed(data)
        return reply

    @staticmethod
    def _welcome(reply: Reply) -> None:
        if reply.code != WELCOME:
            said = reply.lines[-1].text
            raise BirdProtocolError(f"BIRD's welcome has the code 0001, this has {reply.code:04}: {said!r}")

    @contextmanager
    def _within(self, deadline: Deadline) -> Iterator[None]:
        """Do something with the socket before the deadline, and call what goes wrong by its name."""
        try:
            self._socket.settimeout(deadline.left())
            yield
        except (TimeoutError, BlockingIOError) as error:
            # EAGAIN when connecting: the queue of connections that BIRD has not taken is full.
            raise BirdHung(f"{self._path}: BIRD did not answer within {deadline.seconds:g} s") from error
        except (ConnectionResetError, BrokenPipeError) as error:
            raise ConnectionLost from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BirdMissing(
                f"{self._path}: there is no control socket; BIRD is not running there"
            ) from error
        except ConnectionRefusedError as error:
            raise BirdRefused(
                f"{self._path}: nobody listens on the control socket; BIRD has ended"
            ) from error
        except OSError as error:
            raise BirdUnreachable(f"{self._path}: the control socket cannot be used: {error}") from error

    def _connect(self, deadline: Deadline) -> None:
        with self._within(deadline):
            if len(os.fsencode(self._path)) <= PATH_LIMIT:
                self._socket.connect(str(self._path))
                return
            folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
            try:
                self._socket.connect(f"/proc/self/fd/{folder}/{self._path.name}")
            finally:
                os.close(folder)
