"""No packet leaves a lab: not when its nodes dial 172.18.0.1, not at all."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute

from calicolab.errors import LabError
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.host.network_namespace import entered, netlink
from calicolab.labs.netns import fence, namespaces, ownership
from calicolab.wait import wait_for
from tests.isolation.capture import Capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.labs.netns.lab import NetnsLab

pytestmark = pytest.mark.root

BRIDGE_NETWORK = "172.18.0.0/16"
#: Of a process that nobody else is to end.
MARKS = {namespaces.LAB_MARK: "control", namespaces.OWNER_MARK: ownership.STANDING}
CABLE, ITS_END, FAR_END = "calicolab0", "172.31.255.253", "172.31.255.254"


@pytest.fixture
def leak() -> Iterator[Callable[[str], None]]:
    """A namespace with a cable to this machine's own: what a lab without a fence would be. It sends one packet.

    The cable's end here does not forward, so the packet is seen here and goes no further.
    """
    argv = namespaces.new_lab(
        ["/bin/sh", "-c", "read -r pid rest < /proc/self/stat; echo $pid; exec sleep 60"], dies_with_us=True
    )
    init = namespaces.boot("the control", argv, marks=MARKS).init()
    try:
        with IPRoute() as link:
            peer = {"ifname": "eth0", "net_ns_pid": init.pid}
            link.link("add", ifname=CABLE, kind="veth", peer=peer)
            here = link.link_lookup(ifname=CABLE)[0]
            link.link("set", index=here, state="up")
            link.addr("add", index=here, address=ITS_END, prefixlen=30)
        with open(f"/proc/sys/net/ipv4/conf/{CABLE}/forwarding", "w") as setting:  # noqa: PTH123 - procfs
            setting.write("0")
        with netlink(init.network) as link:
            there = link.link_lookup(ifname="eth0")[0]
            link.addr("add", index=there, address=FAR_END, prefixlen=30)
            link.link("set", index=there, state="up")
            link.route("add", dst="default", gateway=ITS_END)

        def send(address: str) -> None:
            with entered(init.network), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packet:
                packet.sendto(b"control", (address, 179))

        yield send
    finally:
        init.kill()
        namespaces.wait_for_ended(MARKS)


def test_the_capture_sees_a_packet_that_leaves(leak: Callable[[str], None]) -> None:
    with Capture() as capture:
        leak("172.18.0.1")
        wait_for(lambda: capture.seen_within(BRIDGE_NETWORK), until=bool, timeout=5)


def test_no_packet_to_the_bridge_leaves_the_lab(new_lab: Callable[[], NetnsLab]) -> None:
    with new_lab() as lab, Capture() as capture:
        dialler, faulty = lab.nodes
        with lab.fault(DockerBridge(node=faulty.name)):
            faulty.calico.restart()
            refused = wait_for(
                dialler.calico.sessions,
                until=lambda sessions: any("Connection refused" in session.info for session in sessions),
                timeout=30,
            )
        assert [session.peer for session in refused] == ["172.18.0.1"], (
            "nothing was dialled: this proves nothing"
        )
        assert not capture.seen_within(BRIDGE_NETWORK)
        assert not capture.seen_within(str(lab.topology.subnet))


def test_a_lab_without_its_rule_refuses(new_lab: Callable[[], NetnsLab]) -> None:
    with new_lab() as lab:
        fence.prove(lab.switch)
        lab.switch.run(["iptables", "-F", "FORWARD"])
        with pytest.raises(LabError, match="does not refuse"):
            fence.prove(lab.switch)


def test_a_lab_with_a_cable_to_somewhere_else_refuses(new_lab: Callable[[], NetnsLab]) -> None:
    with new_lab() as lab:
        with netlink(lab.switch.init.network) as link:
            link.link("add", ifname="elsewhere", kind="veth", peer={"ifname": "far"})
            link.link("set", index=link.link_lookup(ifname="elsewhere")[0], state="up")
        with pytest.raises(LabError, match="elsewhere"):
            fence.prove(lab.switch)
