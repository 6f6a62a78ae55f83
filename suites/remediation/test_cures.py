"""Which cures work, and which last: each is applied to a broken mesh, and then what may undo it is tried.

The bridge stays where it is meanwhile. What is claimed of each cure is read from Calico's code (`Cure.lasts`); where
the cluster shows anything else, better or worse, the check is red.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from calicolab.calico import address_monitor, start, versions
from calicolab.evidence.signoff import CURE, CureFact, Trial
from calicolab.faults.cures import RemoveInterface
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.calico.mesh import Mesh
    from calicolab.faults.cures import Cure
    from calicolab.faults.docker_bridge import DockerBridge
    from calicolab.labs.base import Lab
    from fixtures.address_monitor import MonitorInterval
    from fixtures.evidence import FactRecorder
    from fixtures.story import Inject

pytestmark = pytest.mark.needs(
    "settings of one node",
    reason="cures, and the monitor's interval, are settings of the faulty node's calico-node",
)

#: Seconds for BIRD to have every session again, or to have lost them.
MESH_TIMEOUT = 60.0
#: Seconds between two looks of a monitor that will undo a cure: the mesh is back, and seen, before the second.
TIME_FOR_THE_MESH = 5


def test_the_cure_works_and_lasts_as_claimed(
    lab: Lab,
    cure: Cure,
    bridge: DockerBridge,
    right: str,
    inject: Inject,
    monitor_interval: MonitorInterval,
    facts: FactRecorder,
) -> None:
    """The mesh comes back; the monitor, a restart and an upgrade undo the cure only where that is claimed."""
    claimed = cure.lasts(lab.calico_version)
    interval = monitor_interval if claimed.monitor else monitor_interval.at_least(TIME_FOR_THE_MESH)
    trials: list[Trial] = []

    def note(mesh_back_ms: float | None) -> None:
        story = f"{cure.story} Its monitor looked for the address every {interval}."
        facts(
            CURE,
            CureFact(
                cure=cure.name,
                story=story,
                mesh_back=mesh_back_ms is not None,
                mesh_back_ms=mesh_back_ms,
                trials=trials,
            ),
        )

    note(None)
    inject(bridge)
    start.afresh(lab.node(bridge.node), environment=interval.settings)
    wait_for(lab.mesh, until=lambda mesh: dialled(mesh) == {bridge.host}, timeout=MESH_TIMEOUT)
    if not claimed.restart:
        next_look(lab, bridge.node, interval)
    applied = time.monotonic()
    cure.apply(lab)
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT + interval.seconds)
    back = round((time.monotonic() - applied) * 1000)
    lab.timeline.add("mesh-full", lab=lab.id)
    note(back)

    trials.append(
        after_two_looks(lab, right, bridge, interval=interval, applied=applied, claimed=claimed.monitor)
    )
    note(back)
    put_in_place(lab, cure, right)
    trials.append(after_a_restart(lab, right, bridge, claimed=claimed.restart))
    note(back)
    put_in_place(lab, cure, right)
    trials.append(after_an_upgrade(lab, right, bridge, claimed=claimed.upgrade))
    note(back)

    assert isinstance(cure, RemoveInterface) or bridge.injected(lab), (
        "the bridge went away by itself: nothing was there that could have undone the cure"
    )
    surprises = [
        f"{trial.what}: claimed to be {said(trial.expected)}, seen {said(trial.lasted)}: {trial.detail}"
        for trial in trials
        if trial.lasted is not None and trial.lasted is not trial.expected
    ]
    assert not surprises, "\n".join(surprises)


def after_two_looks(
    lab: Lab, right: str, bridge: DockerBridge, *, interval: MonitorInterval, applied: float, claimed: bool
) -> Trial:
    """Whether the cure is still there when the monitor has looked twice; that it did is seen in its log."""
    seen = wait_for(
        address_monitor.Watcher(lab, bridge.node),
        until=lambda watch: (
            watch.stored != right or watch.looks.count >= address_monitor.LOOKS_FOR_TWO_INTERVALS
        ),
        timeout=(address_monitor.LOOKS_FOR_TWO_INTERVALS + 1) * interval.seconds + MESH_TIMEOUT,
        interval=0.25,
    )
    undone = round(time.monotonic() - applied, 1) if seen.stored != right else None
    lasted, found = still_cured(lab, right, bridge)
    return Trial(
        what="two monitor intervals",
        lasted=lasted,
        expected=claimed,
        undone_after_s=undone,
        detail=f"{found}; the monitor, which looks every {interval}, said: {seen.looks.last}",
    )


def after_a_restart(lab: Lab, right: str, bridge: DockerBridge, *, claimed: bool) -> Trial:
    """Whether the cure is still there when calico-node has started again."""
    log = start.afresh(lab.node(bridge.node))
    lasted, found = still_cured(lab, right, bridge)
    said = address_monitor.looks(log).last
    return Trial(
        what="restart", lasted=lasted, expected=claimed, detail=f"{found}; as it started, it said: {said}"
    )


def after_an_upgrade(lab: Lab, right: str, bridge: DockerBridge, *, claimed: bool) -> Trial:
    """Whether the cure is still there when the node runs the next version that there is."""
    known = versions.known()
    later = known[known.index(lab.calico_version) + 1 :]
    if not later:
        return Trial(
            what="upgrade",
            lasted=None,
            expected=None,
            detail=f"not tried: none later than {lab.calico_version} is known",
        )
    upgraded = lab.upgrade(later[0], node=bridge.node)
    now = lab.node(bridge.node).calico.running_version()
    assert now == later[0], f"{bridge.node} still runs {now}: nothing was upgraded"
    lasted, found = still_cured(lab, right, bridge)
    return Trial(
        what=f"upgrade to {later[0]}", lasted=lasted, expected=claimed, detail=f"{found}; {upgraded}"
    )


def still_cured(lab: Lab, right: str, bridge: DockerBridge) -> tuple[bool, str]:
    """Whether the right address is stored and the mesh full, or the bridge's is and it is not; in words as well.

    Raises:
        AssertionError: neither. That is other damage than a cure's being undone, and no claim allows for it.
    """
    stored = {address.node: address.ipv4 for address in lab.calicoctl.node_addresses()}[bridge.node]
    assert stored in (right, bridge.address), f"{stored or 'no address'} is stored for {bridge.node}"
    if stored == right:
        wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT)
        return True, f"{stored} is stored, and the mesh is full"
    wait_for(lab.mesh, until=lambda mesh: not mesh.is_full, timeout=MESH_TIMEOUT)
    return False, f"{stored} is stored again"


def put_in_place(lab: Lab, cure: Cure, right: str) -> None:
    """Apply the cure again if the trial before has undone it."""
    stored = {address.node: address.ipv4 for address in lab.calicoctl.node_addresses()}
    if stored[cure.node] != right:
        cure.apply(lab)


def next_look(lab: Lab, node: str, interval: MonitorInterval) -> None:
    """Wait for a look of the monitor, before a cure that leaves it as it is.

    A monitor that begins only after the cure knows the Node as it is now, and undoes the cure on any version. One that
    undoes it at each look, from v3.29 on, leaves the mesh the time until the next.
    """
    wait_for(
        address_monitor.Watcher(lab, node),
        until=lambda watch: watch.looks.count > 0,
        timeout=2 * interval.seconds + MESH_TIMEOUT,
        interval=0.1,
    )


def dialled(mesh: Mesh) -> set[str]:
    """The addresses that are no node's own and that somebody has as a peer."""
    return {stranger.session.peer for stranger in mesh.strangers}


def said(lasted: bool | None) -> str:
    """In a word."""
    return "lasting" if lasted else "undone"
