"""What is observed of a running Calico: frozen facts, without a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Session:
    """One BGP session as one BIRD sees it (`show protocols all`)."""

    #: BIRD's protocol name, such as Mesh_192_168_21_12.
    name: str
    #: Address of the peer.
    peer: str
    #: Why it exists: "node-to-node mesh", "global" or "node specific", as calicoctl calls it.
    kind: str
    #: BIRD's protocol state: down, start, wait, feed, up, stop or flush (BIRD 1.6, nest/proto.c).
    state: str
    #: When it entered that state, in UTC; how exactly that is known: `since_precision`.
    since: datetime
    #: BIRD's info column, such as "Established" or "Active Socket: Connection refused", white space folded.
    info: str
    #: BGP state alone: Established, Active, Connect, Passive, Idle, OpenSent, OpenConfirm, Close, Down; "" if unsaid.
    bgp_state: str
    #: What `show protocols all` says of the last error, such as "Socket: Connection refused"; "" when there is none.
    last_error: str
    #: Routes imported from, exported to and preferred of this peer as BIRD counts them: while the peer restarts
    #: gracefully, those that it had sent before; None while the protocol is down and BIRD counts nothing.
    imported: int | None
    exported: int | None
    preferred: int | None
    #: Whether the session is up and the peer can restart gracefully (RFC 4724); this end can by Calico's template.
    graceful_restart: bool
    #: Whether the peer is gone and BIRD keeps its routes meanwhile ("Neighbor graceful restart active").
    peer_restarting: bool = False
    #: Seconds: 0.001 when BIRD's log told, 1 when the control socket did, 86400 when it gave no more than the date.
    since_precision: float = 1.0

    @property
    def established(self) -> bool:
        """Whether the session is up and Established."""
        return self.state == "up" and self.bgp_state == "Established"

    def __str__(self) -> str:
        return f"{self.peer} | {self.kind} | {self.state} | {self.info}"


@dataclass(frozen=True)
class PeerRow:
    """One line of the table that `calicoctl node status` prints."""

    address: str
    kind: str
    state: str
    #: As printed: the time of day, or the date when it is older than 20 hours, in the time zone of BIRD.
    since: str
    #: BGP state and last error as one text, such as "Established" or "Active Socket: Connection refused".
    info: str

    @property
    def established(self) -> bool:
        """Whether the session is up and Established."""
        return self.state == "up" and self.info == "Established"

    def __str__(self) -> str:
        return f"{self.address} | {self.kind} | {self.state} | {self.since} | {self.info}"


@dataclass(frozen=True)
class NodeStatus:
    """What `calicoctl node status` says; of IPv4 only, as the clusters at hand have no other peers."""

    process_running: bool
    #: Whether it found a BIRD process and could ask it; `text` says what it met otherwise.
    bird_running: bool
    peers: tuple[PeerRow, ...]
    text: str


@dataclass(frozen=True)
class Readiness:
    """What the readiness probe of calico-node answers.

    `message` is what it printed, with the "calico/node is not ready: " of the probe itself in front; "" when ready.
    """

    ready: bool
    message: str

    @property
    def peers_named(self) -> tuple[str, ...]:
        """The addresses that the message calls not established, in its order."""
        _, found, addresses = self.message.partition("BGP not established with ")
        return tuple(addresses.split(",")) if found else ()

    def __str__(self) -> str:
        return "ready" if self.ready else self.message


@dataclass(frozen=True)
class NodeAddress:
    """A Node resource's BGP address as the datastore holds it; `ipv4` with its prefix length, None when unset."""

    node: str
    ipv4: str | None


@dataclass(frozen=True)
class Interface:
    """A network interface of a node; `addresses` with their prefix lengths, IPv4 only."""

    index: int
    name: str
    kind: str
    state: str
    carrier: bool
    mtu: int
    #: In the order of `ip address`.
    addresses: tuple[str, ...]
    #: Whether it is switched on (IFF_UP), which a bridge without carrier may be.
    up: bool = True
