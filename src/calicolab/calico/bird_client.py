"""A client of BIRD's control socket. It starts no process and alters nothing in the BIRD that it asks.

BIRD 1.6 answers commands one after the other and takes several at once, so one exchange brings what belongs together.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.calico import bird_routes, bird_sessions, bird_status
from calicolab.calico.bird_connection import BirdConnection, ConnectionLost, Deadline
from calicolab.calico.bird_errors import (
    BirdClosed,
    BirdCommandError,
    BirdError,
    BirdHung,
    BirdMissing,
    BirdProtocolError,
    BirdRefused,
    BirdUnreachable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from calicolab.calico.bird_log import BirdLog
    from calicolab.calico.bird_protocol import Reply
    from calicolab.calico.bird_routes import Route
    from calicolab.calico.bird_status import BirdStatus
    from calicolab.calico.facts import Session

__all__ = [
    "BirdClient",
    "BirdClosed",
    "BirdCommandError",
    "BirdError",
    "BirdHung",
    "BirdMissing",
    "BirdProtocolError",
    "BirdRefused",
    "BirdUnreachable",
]

#: Seconds for one exchange. BIRD answers in well under a millisecond; calicoctl waits as long (node/status.go).
TIMEOUT = 2.0


class BirdClient:
    """Asks one BIRD. The connection is made when first needed and kept; when BIRD was restarted it is made again.

    A client is for one thread at a time.

    Args:
        path: its control socket. For one in a container, seen from outside: `bird_paths.inside`.
        timeout: seconds for each exchange, connecting included.
        log: BIRD's own log; with it, `since` of the sessions is to the millisecond.
    """

    def __init__(self, path: Path | str, *, timeout: float = TIMEOUT, log: BirdLog | None = None) -> None:
        self.path = Path(path)
        self.timeout = timeout
        self._log = log
        self._steady = bird_sessions.SteadySince()
        self._connection: BirdConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and the log; the next question opens them again."""
        self._disconnect()
        if self._log is not None:
            self._log.close()

    def sessions(self) -> tuple[Session, ...]:
        """Its BGP sessions, in the order in which BIRD lists them.

        Raises:
            BirdUnreachable: it gave no answer: BirdMissing, BirdRefused, BirdHung or BirdClosed.
            BirdError: its answer is of no use: BirdProtocolError or BirdCommandError.
        """
        with self._naming():
            status, protocols = self._ask("show status", "show protocols all")
            # The clock tells what BIRD's times of day mean.
            clock = bird_status.parse(status).clock
            return self._steady(bird_sessions.parse(protocols, clock=clock, log=self._log))

    def status(self) -> BirdStatus:
        """What it says of itself.

        Raises:
            BirdError: as for `sessions`.
        """
        with self._naming():
            (reply,) = self._ask("show status")
            return bird_status.parse(reply)

    def routes(self) -> tuple[Route, ...]:
        """Its routes, as `show route` lists them.

        Raises:
            BirdError: as for `sessions`.
        """
        with self._naming():
            (reply,) = self._ask("show route")
            return bird_routes.parse(reply)

    def _ask(self, *commands: str) -> list[Reply]:
        """Send `commands` at once and return a reply to each; a kept connection that has died is made again, once."""
        deadline = Deadline(self.timeout)
        try:
            if self._connection is not None:
                try:
                    return self._connection.exchange(commands, deadline=deadline)
                except ConnectionLost:
                    self._disconnect()
            self._connection = BirdConnection(self.path, deadline=deadline)
            return self._connection.exchange(commands, deadline=deadline)
        except ConnectionLost as error:
            self._disconnect()
            raise BirdClosed(f"{self.path}: BIRD closed the connection before it had answered") from error
        except BaseException:
            # What is left of the answer must not be taken for the answer to the next question.
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Put the socket's path before what a parser complains of."""
        try:
            yield
        except BirdProtocolError as error:
            raise BirdProtocolError(f"{self.path}: {error}") from error
