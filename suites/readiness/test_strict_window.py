"""The probe is strict for 30 s after calico-node started; afterwards one live peer is enough.

Its clock is the age of /var/lib/calico/nodename, which calico-node writes at its start (node/pkg/health/health.go,
v3.21 to v3.31; calico#2211, #2370).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico import strict_window
from calicolab.faults.node_stopped import NodeStopped
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.calico.facts import Session
    from calicolab.labs.base import Lab, Node
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.story import Inject


def established(sessions: Iterable[Session]) -> set[str]:
    """The peers that BGP calls Established, as the probe counts them."""
    return {session.peer for session in sessions if session.bgp_state == "Established"}


@pytest.fixture(scope="module")
def watched(lab: Lab) -> Node:
    """The node whose probe is asked."""
    return lab.node("node01")


@pytest.fixture(scope="module")
def dead(lab: Lab) -> Node:
    """The node whose calico-node is stopped."""
    return lab.nodes[-1]


def test_with_every_peer_alive_it_is_ready(watched: Node) -> None:
    """The control: nothing is broken, nothing is said."""
    watched.calico.restart()
    wait_for(watched.calico.readiness, until=lambda probe: probe.ready, timeout=strict_window.LENGTH)
    assert strict_window.age(watched) < strict_window.LENGTH, (
        "ready only after the strict window: this shows nothing of it"
    )


def test_within_30_s_one_dead_peer_is_too_many(
    lab: Lab, watched: Node, dead: Node, inject: Inject, phase: PhaseRecorder, facts: FactRecorder
) -> None:
    """It names the dead peer, and only that one."""
    inject(NodeStopped(node=dead.name))
    watched.calico.restart()
    message = f"calico/node is not ready: BIRD is not ready: BGP not established with {dead.address}"
    verdict = wait_for(
        watched.calico.bird_readiness,
        until=lambda probe: probe.message == message,
        timeout=strict_window.LENGTH - 5,
    )
    phase("one peer dead")
    facts("message", verdict.message)
    facts("age of start", strict_window.age(watched))
    assert not verdict.ready
    assert strict_window.age(watched) < strict_window.LENGTH


def test_it_turns_ready_when_the_30_s_are_over(
    lab: Lab, watched: Node, dead: Node, facts: FactRecorder
) -> None:
    """Nothing has changed but the time: the dead peer is as dead as before."""
    early = watched.calico.bird_readiness()
    age_when_not_ready = strict_window.age(watched)
    assert not early.ready, "it was ready before the window closed"
    verdict = wait_for(
        watched.calico.bird_readiness, until=lambda probe: probe.ready, timeout=strict_window.LENGTH + 15
    )
    age_when_ready = strict_window.age(watched)
    facts("not ready at", age_when_not_ready)
    facts("ready at", age_when_ready)
    assert verdict.ready
    assert age_when_ready >= strict_window.LENGTH
    session = lab.mesh().session(watched.name, dead.name)
    assert session is not None
    assert not session.established


def test_afterwards_one_live_peer_is_enough(lab: Lab, watched: Node, dead: Node, facts: FactRecorder) -> None:
    """All but one peer are dead, and it is still ready; with the last one dead it is not."""
    alive = [node for node in lab.nodes if node not in (watched, dead)]
    for node in alive[1:]:
        node.calico.stop()
    last = alive[0]
    # Its BIRD keeps the living session in state "wait" as long as it waits for the dead peer to restart gracefully.
    wait_for(
        watched.calico.sessions, until=lambda sessions: established(sessions) == {last.address}, timeout=20
    )
    assert watched.calico.bird_readiness().ready
    last.calico.stop()
    verdict = wait_for(watched.calico.bird_readiness, until=lambda probe: not probe.ready, timeout=20)
    facts("message", verdict.message)
    assert set(verdict.peers_named) == {node.address for node in lab.nodes if node is not watched}


def test_the_clock_is_the_age_of_the_nodename_file(lab: Lab, watched: Node, dead: Node) -> None:
    """One peer lives again: ready, until the file is made young, and ready once more when it is made old."""
    back = next(node for node in lab.nodes if node not in (watched, dead))
    back.calico.restart()
    wait_for(watched.calico.bird_readiness, until=lambda probe: probe.ready, timeout=40)
    strict_window.open_again(watched)
    verdict = watched.calico.bird_readiness()
    assert set(verdict.peers_named) == {node.address for node in lab.nodes if node not in (watched, back)}
    strict_window.close(watched)
    assert watched.calico.bird_readiness().ready
