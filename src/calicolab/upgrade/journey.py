"""The way of a lab from one version to another, measured all the while: requests, BIRD's sessions, data in etcd."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from calicolab.calico.session_gaps import SessionDown, session_gaps, wall_clock
from calicolab.connectivity.traffic import Traffic, excused
from calicolab.errors import LabError
from calicolab.etcd.history import revision
from calicolab.evidence.signoff import NodeUpgrade, SessionGap, UpgradeFact
from calicolab.upgrade.route_watch import RouteWatch, explaining
from calicolab.upgrade.stored import Stored, addresses_since, in_words
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calicolab.calico.mesh import Mesh
    from calicolab.calico.upgrade import Upgraded
    from calicolab.connectivity.traffic import Flow
    from calicolab.labs.base import Lab
    from calicolab.upgrade.route_watch import Replacement

#: Seconds for the mesh after the last node is ready: to its probe a single peer is enough after 30 s.
MESH_TIMEOUT = 30.0
#: How often, and every how many seconds, the mesh must be seen full at the end; traffic goes on so long.
LOOKS, BETWEEN_LOOKS = 4, 0.5
#: What a lab lacks whose BIRD logs no milliseconds (`Lab.cannot`).
MILLISECONDS = "session times to the millisecond"

Direction = Literal["up", "back"]


@dataclass(frozen=True)
class Journey:
    """What came of the way from one version to another."""

    source: str
    target: str
    direction: Direction
    #: What lay in wait meanwhile, such as "docker-bridge"; "" for nothing.
    waiting: str
    upgraded: Upgraded
    #: The mesh at the end.
    mesh: Mesh
    before: Stored
    after: Stored
    #: Of each node the addresses that were stored on the way, one after the other, from the first to the last.
    addresses: Mapping[str, tuple[str | None, ...]]
    flows: tuple[Flow, ...]
    #: What each pod asked itself: whether the machine had time for it.
    own: tuple[Flow, ...]
    #: Every route of BIRD's that a node was without for a moment.
    replacements: tuple[Replacement, ...]
    #: Nodes whose routes were not watched to the end: what is lost there is put down to nothing.
    unwatched: tuple[str, ...]
    #: Node and address of each pod, by its name.
    pods: Mapping[str, tuple[str, str]]
    #: Of each node the times in which a session of it was down; None where the lab does not tell.
    gaps: Mapping[str, tuple[SessionDown, ...]] | None
    #: When it was over.
    ended: datetime
    #: The address that each node should have, without a prefix length.
    right: Mapping[str, str]

    @property
    def wrong_addresses(self) -> Mapping[str, str | None]:
        """The nodes that another address than their own is stored of."""
        return {
            node: stored
            for node, stored in self.after.addresses.items()
            if (stored or "").partition("/")[0] != self.right.get(node)
        }

    @property
    def arrived(self) -> bool:
        """Whether every node has the version and its own address, and the mesh is full."""
        return self.upgraded.complete and self.mesh.is_full and not self.wrong_addresses

    def cut(self, flows: Sequence[Flow], *, max_gap: float) -> tuple[Flow, ...]:
        """Those of `flows` that lost requests for longer than `max_gap` milliseconds at a time.

        Those aside that BIRD lost while it replaced a route (`replaced_under`).

        Raises:
            LabError: there are such, but the machine was too busy to tell.
        """
        found = [
            flow
            for flow in flows
            if len(flow.lost) > len(self.replaced_under(flow)) and flow.worst_gap_ms > max_gap
        ]
        sure = tuple(flow for flow in found if not excused(flow, self.own))
        if found and not sure:
            slowest = max(self.own, key=lambda flow: flow.worst_gap_ms)
            raise LabError(
                f"requests were lost ({found[0]}), but only while the machine was too busy for a pod to answer itself "
                f"({slowest}): measure again on a quieter one"
            )
        return sure

    def replaced_under(self, flow: Flow) -> tuple[Replacement, ...]:
        """The replaced routes that explain a lost datagram of `flow`, one each."""
        return explaining(flow, self.replacements, pods=self.pods)

    def to_fact(self) -> UpgradeFact:
        """Itself for the sign-off page."""
        return UpgradeFact(
            source=self.source,
            target=self.target,
            direction=self.direction,
            waiting=self.waiting,
            arrived=self.arrived,
            nodes=[
                NodeUpgrade(
                    node=one.node,
                    address_before=self.before.addresses.get(one.node) or "",
                    address_after=self.after.addresses.get(one.node) or "",
                    addresses_between=[address or "" for address in self.addresses[one.node][1:-1]],
                    began_s=one.began,
                    ended_s=one.ended,
                )
                for one in self.upgraded.replaced
            ],
            pairs=[flow.to_fact() for flow in self.flows],
            sessions=[
                SessionGap(node=node, peer=gap.peer, milliseconds=round(gap.milliseconds(self.ended), 1))
                for node, gaps in (self.gaps or {}).items()
                for gap in gaps
            ],
            data=in_words(self.before, self.after),
            detail="" if self.arrived else str(self.upgraded),
        )


def travel(lab: Lab, target: str, *, direction: Direction = "up", waiting: str = "") -> Journey:
    """Bring `lab` to the version `target` while every pod asks every other, and say what came of it.

    Raises:
        UsageError: there is no such version.
        LabError: the lab or the measurement broke.
    """
    lab.fetch(target)
    pods, source = lab.pods, lab.nodes[-1].calico.version
    before, at_first = Stored.read(lab.calicoctl), revision(lab.etcd.etcdctl)
    offset = time.time() - time.monotonic()
    began = len(lab.timeline.events)
    since = wall_clock(time.monotonic(), offset=offset)
    with (
        RouteWatch(lab.nodes, timeline=lab.timeline) as routes,
        Traffic(pods, timeline=lab.timeline) as traffic,
    ):
        upgraded = lab.upgrade(target)
        mesh = _settled(lab) if upgraded.complete else lab.mesh()
    killed = {
        node.name: [
            wall_clock(lab.timeline.started + event.t, offset=offset)
            for event in lab.timeline.events[began:]
            if event.event == "calico-node-stopped" and event.node == node.name
        ]
        for node in lab.nodes
    }
    peers = {node.address: node.name for node in lab.nodes}
    return Journey(
        source=source,
        target=target,
        direction=direction,
        waiting=waiting,
        upgraded=upgraded,
        mesh=mesh,
        before=before,
        after=Stored.read(lab.calicoctl),
        addresses={
            node.name: addresses_since(lab.etcd.etcdctl, node.name, since=at_first) for node in lab.nodes
        },
        flows=traffic.flows,
        own=traffic.own,
        replacements=routes.replacements,
        unwatched=routes.unwatched,
        pods={pod.name: (pod.node, pod.address) for pod in pods},
        gaps=None
        if MILLISECONDS in lab.cannot
        else {
            node.name: session_gaps(
                node.calico.bird_history(), peers=peers, since=since, killed=killed[node.name]
            )
            for node in lab.nodes
        },
        ended=wall_clock(time.monotonic(), offset=offset),
        right={node.name: node.address for node in lab.nodes},
    )


def _settled(lab: Lab) -> Mesh:
    """The mesh once it was full several times running, or when it has had its time."""
    with suppress(WaitTimeout):
        return wait_for(
            lab.mesh,
            until=lambda mesh: mesh.is_full,
            timeout=MESH_TIMEOUT,
            consecutive=LOOKS,
            interval=BETWEEN_LOOKS,
        )
    return lab.mesh()
