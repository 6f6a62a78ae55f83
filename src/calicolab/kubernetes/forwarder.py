"""A door to an API server that is in another network namespace: a port here, and bytes carried to and fro.

TLS goes through untouched: whoever comes in by this door still checks the server's own certificate.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Protocol

from calicolab.errors import LabError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

ADDRESS = "127.0.0.1"
#: Seconds to open one connection to the server.
CONNECT_TIMEOUT = 10.0
_CHUNK = 65536


class Connect(Protocol):
    """Opens a TCP connection where the server is, as `Engine.connect` does."""

    def __call__(self, address: str, port: int, *, timeout: float) -> socket.socket:
        """A connected socket; OSError or LabError when there is none to be had."""


class Forwarder:
    """Listens on a port of 127.0.0.1 from the time it is entered until it is left.

    A connection that cannot be opened further on is closed at once: whoever waits at this end learns it.
    """

    def __init__(self, connect: Connect, address: str, port: int) -> None:
        """Forward to `port` of `address`, opened by `connect`."""
        self._connect = connect
        self._target = (address, port)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        #: Why the last connection could not be opened; "" when it was.
        self.last_error = ""

    @property
    def port(self) -> int:
        """The port here.

        Raises:
            LabError: it was not entered.
        """
        if self._listener is None:
            raise LabError("the forwarder to the API server is closed")
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._listener = socket.create_server((ADDRESS, 0))
        self._thread = threading.Thread(
            target=self._serve, args=(self._listener,), name=f"forwarder to {self._target[0]}", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            listener.close()
        with self._lock:
            left = list(self._open)
        for one in left:
            _hang_up(one)
        if self._thread is not None:
            self._thread.join()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._carry, args=(here,), daemon=True).start()

    def _carry(self, here: socket.socket) -> None:
        try:
            there = self._connect(*self._target, timeout=CONNECT_TIMEOUT)
        except (OSError, LabError) as error:
            self.last_error = str(error) or type(error).__name__
            here.close()
            return
        self.last_error = ""
        there.settimeout(None)
        with self._lock:
            self._open |= {here, there}
            closed = self._listener is None
        if closed:
            _hang_up(here)
            _hang_up(there)
        back = threading.Thread(target=_pump, args=(there, here), daemon=True)
        back.start()
        _pump(here, there)
        back.join()
        with self._lock:
            self._open -= {here, there}
        here.close()
        there.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes one way until that way ends, and say so at the other end."""
    try:
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    except OSError:
        _hang_up(source)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
