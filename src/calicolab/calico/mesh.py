"""The mesh: what every node's BIRD says of every other node, as one fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from calicolab.calico import mesh_text
from calicolab.calico.bird_errors import BirdError
from calicolab.calico.bird_sessions import MESH
from calicolab.calico.facts import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Self

Pair = tuple[str, str]


@dataclass(frozen=True)
class MeshNode:
    """A node of the cluster, and the address that its peers should have it under."""

    name: str
    address: str


@dataclass(frozen=True)
class Stranger:
    """A mesh session of the node `node` whose peer is no node's own address, such as 172.18.0.1."""

    node: str
    session: Session

    def __str__(self) -> str:
        return f"{self.node} has {self.session}"


@dataclass(frozen=True)
class Mesh:
    """Every session of every node at one time. Pairs are ordered: (node whose BIRD says so, its peer)."""

    nodes: tuple[MeshNode, ...]
    #: The sessions of each node whose BIRD answered.
    sessions: Mapping[str, tuple[Session, ...]]
    #: The nodes whose BIRD did not answer, and why.
    silent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Pair], answers: Mapping[str, Sequence[Session] | BirdError | str]) -> Self:
        """The mesh of `nodes`.

        Args:
            nodes: name and right address of each.
            answers: by name, a node's sessions, or why its BIRD did not answer. A node without one was not asked.
        """
        members = tuple(MeshNode(name, address) for name, address in nodes)
        sessions: dict[str, tuple[Session, ...]] = {}
        silent: dict[str, str] = {}
        for member in members:
            answer = answers.get(member.name, "it was not asked")
            if isinstance(answer, str | BirdError):
                silent[member.name] = str(answer)
            else:
                sessions[member.name] = tuple(answer)
        return cls(members, sessions, silent)

    @classmethod
    def read(cls, nodes: Iterable[Pair], ask: Callable[[str], Sequence[Session]]) -> Self:
        """The mesh of `nodes`, whose BIRDs are asked now; one that does not answer is a fact, not an error.

        Args:
            nodes: name and right address of each.
            ask: gives the sessions of the node with this name, or raises a BirdError.
        """
        members = tuple(nodes)
        answers: dict[str, Sequence[Session] | BirdError] = {}
        for name, _ in members:
            try:
                answers[name] = ask(name)
            except BirdError as error:
                answers[name] = error
        return cls.of(members, answers)

    @cached_property
    def expected_pairs(self) -> frozenset[Pair]:
        """Every ordered pair of nodes."""
        names = [node.name for node in self.nodes]
        return frozenset((one, other) for one in names for other in names if one != other)

    @cached_property
    def established_pairs(self) -> frozenset[Pair]:
        """The ordered pairs whose session is up and Established."""
        return frozenset(pair for pair, session in self._pairs.items() if session.established)

    @cached_property
    def is_full(self) -> bool:
        """Whether every ordered pair is Established, with no stranger. A single node's mesh is full when it answers."""
        return not self.silent and self.established_pairs == self.expected_pairs and not self.strangers

    @cached_property
    def missing(self) -> tuple[Pair, ...]:
        """The ordered pairs without a session, of nodes whose BIRD answered."""
        names = [node.name for node in self.nodes]
        return tuple(
            (one, other)
            for one in names
            for other in names
            if one != other and one not in self.silent and (one, other) not in self._pairs
        )

    @cached_property
    def down(self) -> Mapping[Pair, Session]:
        """The ordered pairs whose session is there and not Established."""
        return {pair: session for pair, session in self._pairs.items() if not session.established}

    @cached_property
    def strangers(self) -> tuple[Stranger, ...]:
        """The mesh sessions to what is no node's own address.

        A peer that somebody configured (a BGPPeer: "global" or "node specific") may be a router, and is no stranger.
        """
        known = {node.address for node in self.nodes}
        return tuple(
            Stranger(name, session)
            for name, sessions in self.sessions.items()
            for session in sessions
            if session.kind == MESH and session.peer not in known
        )

    def session(self, node: str, peer: str) -> Session | None:
        """What the BIRD of the node `node` says of the node `peer`; None without a session, or without an answer."""
        return self._pairs.get((node, peer))

    @cached_property
    def _pairs(self) -> dict[Pair, Session]:
        """The session of each ordered pair: of two with one peer, the mesh's own comes first."""
        names = {node.address: node.name for node in self.nodes}
        pairs: dict[Pair, Session] = {}
        for name, sessions in self.sessions.items():
            for session in sessions:
                peer = names.get(session.peer)
                if peer is None or peer == name:
                    continue
                if (name, peer) not in pairs or session.kind == MESH:
                    pairs[name, peer] = session
        return pairs

    def __str__(self) -> str:
        return mesh_text.render(self)

    def to_facts(self) -> dict[str, Any]:
        """Itself as JSON can hold it; `from_facts` is the way back."""
        return {
            "nodes": [asdict(node) for node in self.nodes],
            "sessions": {
                name: [{**vars(session), "since": session.since.isoformat()} for session in sessions]
                for name, sessions in self.sessions.items()
            },
            "silent": dict(self.silent),
            "full": self.is_full,
            "established": len(self.established_pairs),
            "expected": len(self.expected_pairs),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """The mesh that `to_facts` wrote down."""
        return cls(
            nodes=tuple(MeshNode(**node) for node in facts["nodes"]),
            sessions={
                name: tuple(
                    Session(**{**session, "since": datetime.fromisoformat(session["since"])})
                    for session in sessions
                )
                for name, sessions in facts["sessions"].items()
            },
            silent=dict(facts["silent"]),
        )
