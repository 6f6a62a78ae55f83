"""BIRD's own log: when its protocols changed state, to ten microseconds.

The control socket of BIRD 1.6 gives whole seconds, as that is all its clock has (sysdep/unix/timer.h: bird_clock_t is a
time_t). Calico's template has `debug { states }` on every protocol, and its run scripts pipe BIRD's output through
`svlogd -ttt` (node/filesystem/etc/service/available/bird/log/run), so the same change is in the log with a time in UTC:
`2026-11-23T11:53:54.54962 bird: Mesh_192_168_21_11: State changed to up`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from calicolab.calico.bird_time import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

#: Seconds: svlogd stamps a line when it reads it, which is moments after BIRD wrote it.
PRECISION = 0.001
#: BIRD's clocks of seconds tick apart, so what it prints may be this far from when it was.
SLACK = timedelta(seconds=2)
READ_SIZE = 1024 * 1024

#: BIRD counts `since` from a change of the protocol's own state; wait, feed and up are all PS_UP (nest/proto.c).
_UP = "up"
_OWN_STATE = {"wait": _UP, "feed": _UP, "up": _UP}
_CHANGE = re.compile(
    rb"^(\d{4}-\d\d-\d\d)[T_](\d\d:\d\d:\d\d\.\d+) bird: (\S+): (?:State changed to (\S+)|(Initializing))$",
    re.ASCII | re.MULTILINE,
)


@dataclass(frozen=True)
class Change:
    """A protocol entered a state."""

    state: str
    at: datetime


class BirdLog:
    """Follows one log; each look reads only what has come since the last one, across svlogd's rotations.

    Args:
        path: the current file. One that is not there is an empty log.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file: BinaryIO | None = None
        self._rest = b""
        #: The last change of each protocol; its state is PS_UP's "up" for wait and feed too.
        self._changes: dict[str, Change] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and forget what was read."""
        self._drop()
        self._changes = {}

    def refine(self, name: str, *, state: str, since: Moment) -> Moment:
        """`since` to the millisecond when the log's last change of the protocol `name` is that one; else `since`.

        Args:
            name: of the protocol.
            state: its state as the control socket gives it.
            since: when it entered that, as the control socket gives it.
        """
        change = self._changes.get(name)
        if change is None or change.state != _OWN_STATE.get(state, state):
            return since
        apart = timedelta(seconds=since.precision) + SLACK
        if not since.at - SLACK <= change.at <= since.at + apart:
            return since
        return Moment(change.at, precision=PRECISION)

    def refresh(self) -> None:
        """Read what has come."""
        if self._file is not None:
            self._read(self._file)
            if self._is_current(self._file):
                return
            self._drop()
        try:
            self._file = self.path.open("rb")
        except OSError:
            return
        self._read(self._file)

    def _is_current(self, file: BinaryIO) -> bool:
        """Whether `file` is still the one at the path, and not shorter than what was read of it."""
        try:
            there, ours = self.path.stat(), os.fstat(file.fileno())
        except OSError:
            return False
        return os.path.samestat(there, ours) and ours.st_size >= file.tell()

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._rest = b""

    def _read(self, file: BinaryIO) -> None:
        while data := file.read(READ_SIZE):
            whole, _, self._rest = (self._rest + data).rpartition(b"\n")
            self._take(whole)

    def _take(self, text: bytes) -> None:
        for name, change in changes(text):
            own = _OWN_STATE.get(change.state, change.state)
            known = self._changes.get(name)
            if known is None or known.state != own:
                self._changes[name] = Change(own, change.at)


def changes(text: bytes) -> Iterator[tuple[str, Change]]:
    """Each change of a protocol's state in a log, in order: the protocol's name, and the state as the log calls it."""
    for match in _CHANGE.finditer(text):
        day, time, name, changed, _ = match.groups()
        try:
            at = datetime.fromisoformat(f"{day.decode()} {time.decode()[:15]}").replace(tzinfo=UTC)
        except ValueError:
            continue
        yield name.decode(errors="replace"), Change((changed or b"down").decode(errors="replace"), at)
