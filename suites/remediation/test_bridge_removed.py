"""What removing the bridge does by itself: calico-node is not started again, its monitor is left to mend the rest.

It also shows that the monitor acts, where it can: in test_cures.py it is expected to leave most cures alone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from calicolab.calico import address_monitor, start
from calicolab.evidence.signoff import CURE, CureFact, Trial
from calicolab.faults.cures import RemoveInterface
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from calicolab.calico.address_monitor import Watch
    from calicolab.faults.docker_bridge import DockerBridge
    from calicolab.labs.base import Lab
    from fixtures.address_monitor import MonitorInterval
    from fixtures.evidence import FactRecorder
    from fixtures.story import Inject

pytestmark = pytest.mark.needs(
    "settings of one node", reason="the monitor's interval is a setting of the faulty node's calico-node"
)

#: Seconds for BIRD to have every session again, or to have lost them.
MESH_TIMEOUT = 60.0


def test_removing_the_bridge_alone(
    lab: Lab,
    bridge: DockerBridge,
    right: str,
    inject: Inject,
    monitor_interval: MonitorInterval,
    facts: FactRecorder,
) -> None:
    """From v3.29 on the monitor brings the mesh back; through v3.28 it is refused, and a restart is needed.

    Refused it is when anybody has written to the Node since calico-node started, be it just what was there.
    """
    cure = RemoveInterface(node=bridge.node, interface=bridge.bridge)
    node = lab.node(bridge.node)
    inject(bridge)
    start.afresh(node, environment=monitor_interval.settings)
    wait_for(lab.mesh, until=lambda mesh: bool(mesh.strangers), timeout=MESH_TIMEOUT)
    # By its first look the monitor has read the Node. Whether calico-node's other services have written to it by then
    # is up to chance; in the life of a cluster somebody does.
    looked(lab, node.name, monitor_interval, times=1)
    lab.calicoctl.patch("node", node.name, {"spec": {"bgp": {"ipv4Address": bridge.address}}})
    applied = time.monotonic()
    cure.apply(lab)
    seen = looked(lab, node.name, monitor_interval, until=lambda stored: stored == right)
    trials: list[Trial] = []
    back: float | None = None
    if seen.stored == right:
        wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT)
        back = round((time.monotonic() - applied) * 1000)
        lab.timeline.add("mesh-full", lab=lab.id)
        seen = address_monitor.look_at(lab, node.name)
        trials.append(the_bridge_comes_back(lab, bridge, right, monitor_interval))
    facts(
        CURE,
        CureFact(
            cure=cure.name,
            story=f"{cure.story} It looked every {monitor_interval}.",
            mesh_back=back is not None,
            mesh_back_ms=back,
            trials=trials,
        ),
    )
    facts("monitor", {"stored": seen.stored, "said": seen.looks.last, "refused": seen.looks.refused})
    if cure.works(lab.calico_version):
        assert back is not None, f"the monitor looked and left {seen.stored}: {seen.looks}"
        assert [trial.lasted for trial in trials] == [False], (
            f"the bridge is back, and was not taken: {trials}"
        )
        return
    assert back is None, "the monitor brought the mesh back, which it is claimed to be refused"
    assert f"{right}" in seen.looks.last, f"the monitor did not find the right address: {seen.looks}"
    assert seen.looks.refused, f"the monitor was not refused, and yet {seen.stored} is stored: {seen.looks}"
    start.afresh(node)
    mesh = wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT)
    assert mesh.strangers == ()


def the_bridge_comes_back(lab: Lab, bridge: DockerBridge, right: str, interval: MonitorInterval) -> Trial:
    """Whether the right address stays when the bridge is made again, as by the next `docker network create`."""
    bridge.inject(lab)
    began = time.monotonic()
    seen = looked(lab, bridge.node, interval, until=lambda stored: stored != right)
    undone = round(time.monotonic() - began, 1) if seen.stored != right else None
    return Trial(
        what="the bridge comes back",
        lasted=seen.stored == right,
        expected=False,
        undone_after_s=undone,
        detail=f"{seen.stored} is stored; the monitor, which looks every {interval}, said: {seen.looks.last}",
    )


def looked(
    lab: Lab,
    node: str,
    interval: MonitorInterval,
    *,
    until: Callable[[str | None], bool] = lambda stored: False,
    times: int = address_monitor.LOOKS_FOR_TWO_INTERVALS,
) -> Watch:
    """Wait until the monitor has looked so many times, as its log shows, or `until` holds for what is stored."""
    return wait_for(
        address_monitor.Watcher(lab, node),
        until=lambda watch: until(watch.stored) or watch.looks.count >= times,
        timeout=(times + 1) * interval.seconds + MESH_TIMEOUT,
        interval=0.25,
    )
