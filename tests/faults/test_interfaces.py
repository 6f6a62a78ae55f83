"""The faults that make an interface or address appear: what they refuse, whom they hit, how they prove themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from calicolab.calico import versions
from calicolab.calico.facts import Interface
from calicolab.errors import UsageError
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.faults.interfaces import hardware_address
from calicolab.faults.keepalived_vip import KeepalivedVip
from calicolab.faults.node_local_dns import SERVICE, NodeLocalDns
from calicolab.faults.podman_bridge import PodmanBridge
from calicolab.faults.second_nic import SecondNic
from calicolab.faults.vpn_tunnel import VpnTunnel

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

ETH0 = Interface(2, "eth0", "veth", "UP", True, 1500, ("192.168.21.12/24",))
POD = Interface(5, "cali0123", "veth", "UP", True, 1440, ())
New = DockerBridge | PodmanBridge | VpnTunnel | SecondNic | NodeLocalDns
Make = Callable[..., Any]
NEW: tuple[type[New], ...] = (DockerBridge, PodmanBridge, VpnTunnel, SecondNic, NodeLocalDns)


@dataclass
class FakeNode:
    """A node with these interfaces, which notes what is run on it."""

    found: tuple[Interface, ...] = (ETH0, POD)
    ran: list[str] = field(default_factory=list)

    @property
    def calico(self) -> Any:
        return SimpleNamespace(interfaces=lambda: self.found)

    def run(self, argv: list[str]) -> None:
        self.ran.append(" ".join(argv))


def lab_of(node: FakeNode) -> Lab:
    return cast("Lab", SimpleNamespace(node={"node02": node}.__getitem__))


def as_seen(fault: New, index: int = 6) -> Interface:
    """The interface that the fault is meant to be."""
    idle = fault.kind == "bridge" and not isinstance(fault, NodeLocalDns)
    state = "DOWN" if idle or fault.kind == "tun" else "UP"
    return Interface(index, fault.interface, fault.kind, state, state == "UP", 1500, (fault.address,))


@pytest.mark.parametrize("make", [*NEW, KeepalivedVip])
@pytest.mark.parametrize("address", ["172.18.0.1", "172.18.0.256/16", "fd00::1/64", ""])
def test_an_address_that_is_none_is_refused(make: Make, address: str) -> None:
    with pytest.raises(UsageError, match="address"):
        make(node="node02", address=address)


@pytest.mark.parametrize("make", [PodmanBridge, VpnTunnel, SecondNic, NodeLocalDns, KeepalivedVip])
@pytest.mark.parametrize("name", ["", "br-fac7e80266588", "tun/0", "tun 0"])
def test_a_name_that_no_interface_can_have_is_refused(make: Make, name: str) -> None:
    with pytest.raises(UsageError, match="1 to 15 letters"):
        make(node="node02", interface=name)


@pytest.mark.parametrize("fault", [make(node="node02") for make in NEW], ids=lambda fault: fault.name)
def test_it_is_there_when_it_is_newest_and_as_it_was_made(fault: New) -> None:
    seen = as_seen(fault)
    assert fault.injected(lab_of(FakeNode((ETH0, POD, seen))))
    for other in (
        replace(seen, index=1),
        replace(seen, addresses=()),
        replace(seen, addresses=("10.1.1.1/8",)),
        replace(seen, name="other"),
        replace(seen, kind="vxlan"),
    ):
        found = tuple(sorted((ETH0, POD, other), key=lambda interface: interface.index))
        assert not fault.injected(lab_of(FakeNode(found))), other


@pytest.mark.parametrize("make", [DockerBridge, PodmanBridge])
def test_a_bridge_in_use_is_not_the_fault(make: Make) -> None:
    fault = make(node="node02")
    live = replace(as_seen(fault), state="UP", carrier=True)
    assert not fault.injected(lab_of(FakeNode((ETH0, live))))


def test_a_nic_without_its_cable_is_not_the_fault() -> None:
    fault = SecondNic(node="node02")
    assert not fault.injected(lab_of(FakeNode((ETH0, replace(as_seen(fault), state="DOWN", carrier=False)))))


@pytest.mark.parametrize("fault", [make(node="node02") for make in NEW], ids=lambda fault: fault.name)
def test_it_is_removed_once(fault: New) -> None:
    node = FakeNode((ETH0, as_seen(fault)))
    assert not fault.healed(lab_of(node))
    fault.heal(lab_of(node))
    assert node.ran == [f"ip link delete dev {fault.interface}"]
    gone = FakeNode()
    assert fault.healed(lab_of(gone))
    fault.heal(lab_of(gone))
    assert gone.ran == []


@pytest.mark.parametrize("fault", [make(node="node02") for make in NEW], ids=lambda fault: fault.name)
def test_it_gets_its_address_and_is_newer_than_what_there_is(fault: New) -> None:
    node = FakeNode()
    fault.inject(lab_of(node))
    assert f"ip address add {fault.address} dev {fault.interface}" in node.ran
    assert f"ip link set dev {fault.interface} up" in node.ran
    # Only a tunnel is given its index by the kernel.
    assert ("index 6" in node.ran[0]) is not isinstance(fault, VpnTunnel)


@pytest.mark.parametrize(
    ("addresses", "first", "behind"),
    [
        (("192.168.21.12/24",), False, False),
        (("192.168.21.12/24", "192.168.21.200/32"), False, True),
        (("192.168.21.200/32", "192.168.21.12/24"), True, False),
        (("192.168.21.200/32",), False, False),
    ],
)
def test_a_virtual_address_has_its_place(addresses: tuple[str, ...], first: bool, behind: bool) -> None:
    lab = lab_of(FakeNode((replace(ETH0, addresses=addresses),)))
    assert KeepalivedVip(node="node02", comes_first=True).injected(lab) is first
    assert KeepalivedVip(node="node02").injected(lab) is behind


@pytest.mark.parametrize(("comes_first", "scope"), [(True, "link"), (False, "global")])
def test_a_virtual_address_comes_and_goes_alone(comes_first: bool, scope: str) -> None:
    vip = KeepalivedVip(node="node02", comes_first=comes_first)
    node = FakeNode()
    vip.heal(lab_of(node))
    vip.inject(lab_of(node))
    node.found = (replace(ETH0, addresses=(*ETH0.addresses, vip.address)),)
    assert not vip.healed(lab_of(node))
    vip.heal(lab_of(node))
    assert node.ran == [
        f"ip address add 192.168.21.200/32 dev eth0 scope {scope}",
        "ip address delete 192.168.21.200/32 dev eth0",
    ]


@pytest.mark.parametrize(
    ("fault", "taken_by"),
    [
        (PodmanBridge(node="node02"), "v3.24 and older"),
        (PodmanBridge(node="node02", interface="cni-podman0"), "none"),
        (VpnTunnel(node="node02"), "all"),
        (SecondNic(node="node02"), "all"),
        (NodeLocalDns(node="node02"), "none"),
        (NodeLocalDns(node="node02", address=SERVICE), "none"),
        (KeepalivedVip(node="node02"), "none"),
        (KeepalivedVip(node="node02", comes_first=True), "all"),
    ],
)
@pytest.mark.parametrize("version", versions.known())
def test_it_hits_versions(fault: Any, taken_by: str, version: str) -> None:
    old = versions.comparison_key(version) < versions.comparison_key("v3.25.0")
    expected = {"v3.24 and older": old, "none": False, "all": True}[taken_by]
    assert fault.applies_to(version, "netns") is expected


def test_a_tunnel_on_kind_is_not_the_newest() -> None:
    assert not VpnTunnel(node="node02").applies_to("v3.31.0", "kind")


def test_docker_derives_the_hardware_address() -> None:
    assert hardware_address("172.18.0.1") == "02:42:ac:12:00:01"
