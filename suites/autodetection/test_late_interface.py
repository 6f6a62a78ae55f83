"""A tunnel comes up while calico-node runs: whether its monitor takes the address, and gives it back when it goes.

Calico's releases before v3.29 have the monitor write with the Node that it read when it began, and anything that was
written since makes that an update conflict; from v3.29 on it reads the Node at each look (MonitorIPAddressSubnets in
node/pkg/lifecycle/startup/startup.go, calico#8728).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico import address_choice, address_monitor, start
from calicolab.faults.vpn_tunnel import VpnTunnel
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.labs.base import Lab
    from fixtures.address_monitor import MonitorInterval
    from fixtures.evidence import FactRecorder, PhaseRecorder
    from fixtures.story import Inject
    from suites.autodetection.conftest import Hit

pytestmark = pytest.mark.needs(
    "settings of one node", reason="the monitor's interval is shortened on the node that is hit"
)

#: Seconds for a full mesh.
MESH_TIMEOUT = 60.0


@pytest.fixture(scope="module")
def tunnel(hit: Hit) -> VpnTunnel:
    """The tunnel that comes up."""
    return VpnTunnel(node=hit.node.name)


def test_it_is_healthy_and_looks_every_few_seconds(
    lab: Lab, hit: Hit, monitor_interval: MonitorInterval, phase: PhaseRecorder
) -> None:
    """calico-node starts with a short interval, and the monitor looks; the Node is written to since, as by a label."""
    seen = address_choice.start(lab, hit.node, environment=monitor_interval.settings)
    assert seen.stored == hit.right, seen.said
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT, consecutive=3)
    wait_for(
        address_monitor.Watcher(lab, hit.node.name),
        until=lambda watch: watch.looks.count > 0,
        timeout=2 * monitor_interval.seconds + 10,
        interval=0.2,
    )
    hit.store(hit.right)
    phase("before")


@pytest.mark.calico(">=3.29", reason="earlier versions see the tunnel and cannot write what they saw")
def test_the_monitor_takes_the_tunnels_address(
    lab: Lab,
    hit: Hit,
    tunnel: VpnTunnel,
    inject: Inject,
    monitor_interval: MonitorInterval,
    phase: PhaseRecorder,
    facts: FactRecorder,
) -> None:
    """Nobody starts calico-node again; within an interval the node is lost to its peers."""
    begun = hit.node.calico.logs().count(start.STARTED)
    inject(tunnel)
    expected = address_choice.expected(lab, hit.node)
    watch = wait_for(
        lambda: address_monitor.look_at(lab, hit.node.name),
        until=lambda watch: watch.stored != hit.right and expected.message in watch.looks.last,
        timeout=2 * monitor_interval.seconds + 10,
        interval=0.2,
    )
    facts("the monitor said", watch.looks.last)
    assert watch.stored == tunnel.address == expected.address
    wait_for(
        lab.mesh, until=lambda mesh: hit.is_lost(mesh, tunnel.host, reachable=False), timeout=MESH_TIMEOUT
    )
    phase("during")
    assert hit.node.calico.logs().count(start.STARTED) == begun, "calico-node was started again"


@pytest.mark.calico("<3.29", reason="later versions read the Node before they write it")
def test_the_monitor_sees_the_tunnel_and_cannot_take_it(
    lab: Lab,
    hit: Hit,
    tunnel: VpnTunnel,
    inject: Inject,
    monitor_interval: MonitorInterval,
    phase: PhaseRecorder,
    facts: FactRecorder,
) -> None:
    """`Unable to set node resource configuration`: the mesh stays whole, until calico-node starts again."""
    before = hit.node.calico.logs(address_monitor.SERVICE)
    looked = address_monitor.looks(before).count
    inject(tunnel)
    expected = address_choice.expected(lab, hit.node)
    wanted = looked + address_monitor.LOOKS_FOR_TWO_INTERVALS
    watch = wait_for(
        lambda: address_monitor.look_at(lab, hit.node.name),
        until=lambda watch: watch.looks.count >= wanted,
        timeout=(address_monitor.LOOKS_FOR_TWO_INTERVALS + 1) * monitor_interval.seconds + 10,
        interval=0.2,
    )
    facts("the monitor said", watch.looks.last)
    phase("during")
    assert expected.message in watch.looks.last
    said = hit.node.calico.logs(address_monitor.SERVICE).removeprefix(before)
    assert "Unable to set node resource configuration" in said, said
    assert watch.stored == hit.right
    mesh = lab.mesh()
    assert mesh.is_full, str(mesh)


def test_when_the_tunnel_is_gone_the_mesh_is_whole(
    lab: Lab, hit: Hit, tunnel: VpnTunnel, monitor_interval: MonitorInterval, phase: PhaseRecorder
) -> None:
    """What the monitor took it gives back, and what it did not take stays: no start is needed either way."""
    begun = hit.node.calico.logs().count(start.STARTED)
    tunnel.heal(lab)
    wait_for(
        hit.stored,
        until=lambda stored: stored == hit.right,
        timeout=2 * monitor_interval.seconds + 10,
        interval=0.2,
    )
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=MESH_TIMEOUT, consecutive=3)
    phase("after")
    assert hit.node.calico.logs().count(start.STARTED) == begun, "calico-node was started again"
