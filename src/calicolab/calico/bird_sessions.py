"""BIRD's BGP sessions: `show protocols all`."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from calicolab.calico.bird_errors import BirdProtocolError
from calicolab.calico.bird_time import PATTERN, SECOND
from calicolab.calico.facts import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from calicolab.calico.bird_log import BirdLog
    from calicolab.calico.bird_protocol import Line, Reply
    from calicolab.calico.bird_time import Clock

#: Codes of a protocol's row and of its details (BIRD 1.6, doc/reply_codes).
ROW, DETAIL = 1002, 1006

#: What calicoctl calls a peer, by the beginning of its protocol's name (calicoctl/commands/node/status.go). It leaves
#: out v3.31's Local_Workload_ peers and all others; here they have a name of their own.
MESH = "node-to-node mesh"
KINDS = {"Mesh": MESH, "Global": "global", "Node": "node specific", "Local_Workload": "local workload"}
OTHER = "other"

_NAME = re.compile(r"(Mesh|Global|Node|Local_Workload)_(.+)", re.ASCII)
#: name, protocol, table, state, since, info; the last may be empty. Only the time may have a space in it.
_ROW = re.compile(rf"(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+({PATTERN})(?:\s+(.*))?\Z", re.ASCII)
_DETAIL = re.compile(
    r"^ *(Neighbor address|BGP state|Last error|Neighbor caps|Routes):(.*)$", re.ASCII | re.MULTILINE
)
_COUNT = re.compile(r"\b(\d{1,18}) (imported|exported|preferred)", re.ASCII)
#: The peer's capability: `restart-able`; one that only helps others to restart says `restart-aware` (bgp/bgp.c).
_RESTARTS = "restart-able"
_PEER_RESTARTING = re.compile(r"^ *Neighbor graceful restart active$", re.ASCII | re.MULTILINE)


def parse(reply: Reply, *, clock: Clock, log: BirdLog | None = None) -> tuple[Session, ...]:
    """Read an answer to `show protocols all`.

    Args:
        reply: the answer.
        clock: BIRD's, read with it.
        log: BIRD's own log, for times to the millisecond.

    Raises:
        BirdProtocolError: it is no such answer.
    """
    if log is not None:
        log.refresh()
    return tuple(
        session
        for row, details in _protocols(reply.lines)
        if (session := _session(row, details, clock=clock, log=log)) is not None
    )


class SteadySince:
    """Keeps `since` from jumping between two seconds.

    BIRD 1.6 reckons it from two clocks of whole seconds that tick apart, so the same event is printed a second earlier
    or later from one poll to the next. That is within what the socket can tell, but it would look like a change.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, datetime]] = {}

    def __call__(self, sessions: Sequence[Session]) -> tuple[Session, ...]:
        """`sessions`, each with the `since` that was given for it first."""
        steady = tuple(self._one(session) for session in sessions)
        self._known = {session.name: (session.state, session.since) for session in steady}
        return steady

    def _one(self, session: Session) -> Session:
        state, since = self._known.get(session.name, ("", session.since))
        jumped = abs(session.since - since) <= timedelta(seconds=SECOND)
        if session.since_precision == SECOND and state == session.state and jumped:
            return replace(session, since=since)
        return session


def _protocols(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Each protocol's row with the lines of its details."""
    row, details = "", list[str]()
    for code, text in lines:
        if code == DETAIL:
            details.append(text)
        elif code == ROW:
            if row:
                yield row, "\n".join(details)
            row, details = text, []
    if row:
        yield row, "\n".join(details)


def _session(row: str, details: str, *, clock: Clock, log: BirdLog | None) -> Session | None:
    columns = _ROW.match(row)
    if columns is None:
        raise BirdProtocolError(
            f"this is no row of `show protocols` with its usual times; does its configuration set `timeformat`? {row!r}"
        )
    name, protocol, _, state, since, info = columns.groups()
    if protocol != "BGP":
        return None
    kind, address = _kind_and_address(name)
    said = {label: text.strip() for label, text in _DETAIL.findall(details)}
    counts = {what: int(count) for count, what in _COUNT.findall(said.get("Routes", ""))}
    moment = clock.moment(since)
    if log is not None:
        moment = log.refine(name, state=state, since=moment)
    return Session(
        name=name,
        peer=said.get("Neighbor address", address),
        kind=kind,
        state=state,
        since=moment.at,
        info=" ".join((info or "").split()),
        bgp_state=said.get("BGP state", ""),
        last_error=said.get("Last error", ""),
        imported=counts.get("imported"),
        exported=counts.get("exported"),
        preferred=counts.get("preferred"),
        graceful_restart=_RESTARTS in said.get("Neighbor caps", "").split(),
        peer_restarting=_PEER_RESTARTING.search(details) is not None,
        since_precision=moment.precision,
    )


def _kind_and_address(name: str) -> tuple[str, str]:
    """A peer's kind, and its address as calicoctl reads it from the protocol's name; BIRD's own word precedes it."""
    found = _NAME.match(name)
    if found is None:
        return OTHER, ""
    return KINDS[found[1]], found[2].partition("_port_")[0].replace("_", ".")
