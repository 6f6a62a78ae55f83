"""How long sessions were not Established, from BIRD's own log with its milliseconds (decision 0040).

BIRD says nothing when calico-node's container is ended: it is killed. From then on its sessions are down, whatever the
log said last; whoever ended it knows when that was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calicolab.calico.bird_log import changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: BIRD's name of the mesh's session with 192.168.21.12 (confd's templates).
_MESH = "Mesh_"
#: Established, and not in a graceful restart, whose sessions wait: as Session.established has it.
_UP = "up"
#: In BGP's eyes Established: a session that is up goes back to them when BIRD sends all its routes once more.
_NOT_DOWN = ("wait", "feed", "up")


@dataclass(frozen=True)
class SessionDown:
    """A session that was Established and then was not."""

    peer: str
    began: datetime
    #: When it was Established again; None when it was not.
    ended: datetime | None

    def milliseconds(self, now: datetime) -> float:
        """How long it lasted, until `now` when it has not ended."""
        return ((self.ended or now) - self.began).total_seconds() * 1000


def session_gaps(
    log: str, *, peers: Mapping[str, str], since: datetime, killed: Sequence[datetime] = ()
) -> tuple[SessionDown, ...]:
    """The times in which a session of one node was down, in the order in which they began.

    Args:
        log: the node's BIRD log, from before `since` on.
        peers: the name of each peer by its address; sessions with others are left out.
        since: gaps that ended before are left out.
        killed: when its BIRD was killed.
    """
    events = [(at, "", "killed") for at in killed]
    events += [
        (change.at, name.removeprefix(_MESH).replace("_", "."), change.state)
        for name, change in changes(log.encode())
        if name.startswith(_MESH)
    ]
    up: set[str] = set()
    down: dict[str, datetime] = {}
    found: list[SessionDown] = []
    for at, address, state in sorted(events, key=lambda event: event[0]):
        for peer in up.copy() if state == "killed" else [address]:
            if state == _UP:
                up.add(peer)
                if peer in down:
                    found.append(SessionDown(peers.get(peer, peer), down.pop(peer), at))
            elif peer in up and state not in _NOT_DOWN:
                up.discard(peer)
                down[peer] = at
    found += [SessionDown(peers.get(peer, peer), began, None) for peer, began in down.items()]
    known = set(peers.values())
    return tuple(
        gap
        for gap in sorted(found, key=lambda gap: gap.began)
        if gap.peer in known and (gap.ended is None or gap.ended >= since)
    )


def wall_clock(monotonic: float, *, offset: float) -> datetime:
    """A time on the monotonic clock as UTC; `offset` is time.time() - time.monotonic()."""
    return datetime.fromtimestamp(monotonic + offset, tz=UTC)
