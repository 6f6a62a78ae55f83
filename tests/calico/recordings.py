"""What real programs said, and a control socket that says it again."""

from __future__ import annotations

import json
import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.calico.bird_protocol import Reply, ReplyReader
from calicolab.command import CommandResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

RECORDED = Path(__file__).with_name("recorded")
#: The recordings that answer `show status` and `show protocols all`.
SESSION_SCENES = (
    "bad-peer-as",
    "bad-peer-as-received",
    "dates-in-nepal",
    "established",
    "incident",
    "nepal",
    "no-peers",
    "peer-restarting",
    "port-taken",
    "waiting",
)
#: How far the time zone of those two scenes is from UTC.
NEPAL = timedelta(hours=5, minutes=45)


def raw(scene: str) -> bytes:
    """The bytes that a BIRD sent."""
    return (RECORDED / "bird" / f"{scene}.bin").read_bytes()


def replies(data: bytes) -> list[Reply]:
    """All replies in `data`, the welcome left out."""
    reader = ReplyReader()
    reader.feed(data)
    return list(_all(reader))[1:]


def _all(reader: ReplyReader) -> Iterator[Reply]:
    while (reply := reader.take()) is not None:
        yield reply


def recorded_at(scene: str) -> datetime:
    """When `scene` was recorded, in UTC, by the BIRD's own clock."""
    found = re.search(rb"server time is (\S+ \S+)", raw(scene))
    assert found is not None
    away = NEPAL if "nepal" in scene else timedelta(0)
    return datetime.fromisoformat(found[1].decode()).replace(tzinfo=UTC) - away


def as_of_today(data: bytes) -> bytes:
    """A recording with today's date and time in place of its own, as a client compares BIRD's clock with ours."""
    now = datetime.now(UTC)
    data = re.sub(rb"server time is \S+ \S+", f"server time is {now:%F %T}".encode(), data)
    return re.sub(rb"\b\d{4}-\d\d-\d\d(?! \d)", f"{now:%F}".encode(), data)


class Speaker:
    """A control socket on which `talk` speaks to each connection in turn, in a thread of its own."""

    def __init__(self, path: Path, talk: Callable[[socket.socket, int], None]) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self._talk = talk
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        #: How many connections there have been.
        self.connections = 0

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with connection:
                connection.settimeout(5)
                try:
                    self._talk(connection, self.connections)
                except OSError:
                    continue  # the client has gone

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()


VERSIONS = ("v3.23.2", "v3.31.0")


def result(program: str, version: str, scene: str) -> CommandResult:
    """How a recorded run of "probe", "node-status" or "calicoctl" ended."""
    scenes = json.loads((RECORDED / program / f"{version}.json").read_text())
    return CommandResult(argv=(program, scene), seconds=0.1, **scenes[scene])
