"""A namespace lab is upgraded, and a cut of known length is seen as such, by the pods that ask and by BIRD's log."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from calicolab import artifacts
from calicolab.artifacts.progress import Plain
from calicolab.calico.session_gaps import session_gaps
from calicolab.connectivity.pod_program import PORT
from calicolab.connectivity.traffic import INTERVAL, Traffic
from calicolab.errors import LabError, UsageError
from calicolab.evidence.timeline import Timeline
from calicolab.labs.netns.lab import NetnsLab
from calicolab.upgrade.journey import travel
from calicolab.wait import wait_for

pytestmark = pytest.mark.root

SOURCE, TARGET = "v3.23.2", "v3.31.0"
#: Seconds.
CUT = 0.5
#: Seconds for the next request and its answer, on a machine that others use too.
SLACK = 0.3


@pytest.fixture(scope="module")
def lab() -> Iterator[NetnsLab]:
    files = artifacts.obtain([SOURCE], report=Plain())[SOURCE]
    with NetnsLab(files, timeline=Timeline(), nodes=2, subnet="192.168.43.0/24") as lab:
        yield lab


def test_a_cut_of_half_a_second_is_a_gap_of_half_a_second(lab: NetnsLab) -> None:
    one, other = lab.pods
    asked = ["-s", one.address, "-d", other.address, "-p", "udp", "--dport", str(PORT)]
    rule = ["PREROUTING", *asked, "-j", "DROP"]
    node = lab.node(one.node)
    with Traffic(lab.pods, timeline=lab.timeline) as traffic:
        threading.Event().wait(CUT)
        first = time.monotonic()
        node.run(["iptables", "-w", "-t", "raw", "-I", *rule])
        began = time.monotonic()
        threading.Event().wait(CUT)
        ended = time.monotonic()
        node.run(["iptables", "-w", "-t", "raw", "-D", *rule])
        last = time.monotonic()
        threading.Event().wait(CUT)
    flows = {(flow.source, flow.protocol): flow for flow in traffic.flows}
    cut = flows[one.name, "udp"]
    # The rule comes while the first program runs and goes while the second one does; then it takes an answer. A gap
    # begins with the first request that it meets.
    assert (ended - began - 2 * INTERVAL) * 1000 <= cut.worst_gap_ms <= (last - first + SLACK) * 1000
    lost = [request.sent for request in cut.lost]
    assert len(lost) >= (ended - began) / INTERVAL * 0.5
    assert max(lost) - min(lost) <= last - first + SLACK
    # Neither the other kind of traffic nor the other way.
    assert {name: len(flow.lost) for name, flow in flows.items() if flow is not cut} == {
        (one.name, "tcp"): 0,
        (other.name, "udp"): 0,
        (other.name, "tcp"): 0,
    }


def test_a_session_that_was_off_for_a_second_has_a_gap_of_a_second(lab: NetnsLab) -> None:
    node, peer = lab.nodes
    protocol = f"Mesh_{peer.address.replace('.', '_')}"
    since = datetime.now(UTC)
    for action in ("disable", "enable"):
        node.calico.run_status(["birdcl", "-s", "/var/run/calico/bird.ctl", action, protocol])
        threading.Event().wait(1.0)
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=60)
    took = (datetime.now(UTC) - since).total_seconds() * 1000
    (gap,) = session_gaps(node.calico.bird_history(), peers={peer.address: peer.name}, since=since)
    assert gap.ended is not None
    assert 1000 <= gap.milliseconds(gap.ended) <= took


def test_an_unknown_version_or_node_leaves_the_lab_alone(lab: NetnsLab) -> None:
    with pytest.raises(UsageError, match=r"v3\.99\.0 .*known are v3\.21\.4"):
        lab.upgrade("v3.99.0")
    with pytest.raises(UsageError, match="has no node 'node09'"):
        lab.upgrade(TARGET, node="node09")
    assert {node.calico.version for node in lab.nodes} == {SOURCE}
    lab.heal()


def test_one_node_then_the_rest_then_nothing_and_the_lab_is_not_healed(lab: NetnsLab) -> None:
    alone = lab.upgrade(TARGET, node="node02")
    assert [one.node for one in alone.replaced] == ["node02"]
    assert {node.name: node.calico.version for node in lab.nodes} == {"node01": SOURCE, "node02": TARGET}
    # node01's calicoctl is older than the cluster says it is now.
    assert lab.calicoctl.get("clusterinformation", "default")["spec"]["calicoVersion"] == TARGET
    plugin = lab.node("node02").run(["/opt/cni/bin/calico", "-v"]).stdout
    assert TARGET in plugin
    rest = travel(lab, TARGET)
    assert [one.node for one in rest.upgraded.replaced] == ["node01"]
    assert rest.arrived, str(rest.upgraded)
    # The other node's BIRD replaces its route to the node that started again: a watch that sees none is none.
    assert {(one.node, one.brief) for one in rest.replacements} == {("node02", True)}
    assert lab.upgrade(TARGET).replaced == ()
    with pytest.raises(LabError, match=f"was upgraded and is now on {TARGET}"):
        lab.heal()
