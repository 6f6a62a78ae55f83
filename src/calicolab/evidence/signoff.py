"""What suites note for the sign-off page: facts of a fixed shape, each under a key of its own in a check's `facts`.

The version that a fact is about is that of the check's lab. Times are in the unit that their name ends with.
"""

from __future__ import annotations

from typing import Literal

import msgspec

#: Keys in a check's facts; each holds one of the structs below, or a list of them.
AUTODETECTION = "autodetection"
MODEL = "model"
CURE = "cure"
UPGRADE = "upgrade"
#: Of a step that looks at what an earlier one noted as UPGRADE: at which direction's, where it is not the last.
UPGRADE_LOOKED_AT = "upgrade looked at"

#: What became of a node's address: its own, another's, none as calico-node ended, or the stored one kept.
AddressOutcome = Literal["right", "wrong", "died", "kept"]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What calico-node did with a node's address, or is expected to do."""

    outcome: AddressOutcome
    #: With its prefix length; "" when it died.
    address: str = ""
    interface: str = ""
    #: What it said, as far as it matters.
    message: str = ""


class AutodetectionFact(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the matrix version x conflict x method."""

    #: Such as "docker-bridge" or "keepalived-vip".
    conflict: str
    #: Such as "first-found" or "interface=eth.*".
    method: str
    expected: Choice
    seen: Choice


class ModelFact(msgspec.Struct, frozen=True, kw_only=True):
    """How the autodetection model and the real calico-node compare."""

    layouts: int
    agreed: int
    seed: int
    seconds: float
    #: One a disagreement: the command that replays it, then both answers.
    disagreements: list[str] = []


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a cure was still there after something that may undo it."""

    #: Such as "two monitor intervals", "restart", "upgrade to v3.25.0".
    what: str
    #: None: it was not tried, and `detail` says why.
    lasted: bool | None
    expected: bool | None
    #: Seconds after which it was undone, when it was and that was seen.
    undone_after_s: float | None = None
    detail: str = ""


class CureFact(msgspec.Struct, frozen=True, kw_only=True):
    """One cure on one version: whether it brings the mesh back, and how long it lasts."""

    cure: str
    #: In a sentence, what is done.
    story: str
    mesh_back: bool
    #: Milliseconds from the cure to a full mesh; None when it did not come.
    mesh_back_ms: float | None
    trials: list[Trial]


class PairTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """What one pod's requests to another met with while something went on."""

    source: str
    target: str
    #: Such as "udp" or "tcp".
    protocol: str
    sent: int
    lost: int
    #: Milliseconds of the longest time without an answer.
    worst_gap_ms: float
    #: Round trips in milliseconds: the median and the 99th per cent.
    median_ms: float | None = None
    p99_ms: float | None = None
    #: For a plot: at most 300 points of (seconds on the run's time line, round trip in ms, None where it was lost).
    samples: list[tuple[float, float | None]] = []


class SessionGap(msgspec.Struct, frozen=True, kw_only=True):
    """How long one node's session with a peer was not Established."""

    node: str
    peer: str
    milliseconds: float


class NodeUpgrade(msgspec.Struct, frozen=True, kw_only=True):
    """One node on its way from a version to another; addresses are with their prefix lengths, as stored."""

    node: str
    address_before: str
    address_after: str
    #: What was stored for a while between the two; "" where none was.
    addresses_between: list[str] = []
    #: On the run's time line, in seconds.
    began_s: float
    ended_s: float


class UpgradeFact(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one version to another, with the same datastore, node by node."""

    source: str
    target: str
    #: "up", or "back" for the way back to the older version.
    direction: Literal["up", "back"]
    #: What lies in wait meanwhile, such as "docker-bridge"; "" for nothing.
    waiting: str
    #: Whether the mesh was full, with every address right, at its end.
    arrived: bool
    nodes: list[NodeUpgrade] = []
    pairs: list[PairTraffic] = []
    sessions: list[SessionGap] = []
    #: What became of the data in etcd, in a sentence.
    data: str = ""
    detail: str = ""
