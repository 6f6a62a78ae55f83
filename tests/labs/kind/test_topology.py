"""Which machines a kind lab has, and what kind will call them."""

from __future__ import annotations

import ipaddress

import pytest

from calicolab.commands.inject import FAULTS
from calicolab.errors import UsageError
from calicolab.labs.asked import RESERVED, SUBNET
from calicolab.labs.kind import topology
from calicolab.labs.netns import topology as netns


def test_the_default_has_one_control_plane_and_two_workers() -> None:
    planned = topology.plan("kind-1")
    assert [(node.name, node.container, node.control_plane) for node in planned.nodes] == [
        ("node01", "kind-1-control-plane", True),
        ("node02", "kind-1-worker", False),
        ("node03", "kind-1-worker2", False),
    ]
    assert str(planned.subnet) == "192.168.21.0/24"
    assert planned.etcd_addresses == ("192.168.21.2", "192.168.21.3", "192.168.21.4")


def test_three_control_planes_are_numbered_as_kind_does_and_workers_begin_anew() -> None:
    planned = topology.plan("kind-1", nodes=5, control_planes=3)
    assert [node.container.removeprefix("kind-1-") for node in planned.nodes] == [
        "control-plane", "control-plane2", "control-plane3", "worker", "worker2",
    ]  # fmt: skip
    assert [node.name for node in planned.control_planes] == ["node01", "node02", "node03"]


def test_three_control_planes_need_no_worker() -> None:
    assert all(node.control_plane for node in topology.plan("kind-1", nodes=3, control_planes=3).nodes)


def test_etcd_has_addresses_of_another_range_too() -> None:
    planned = topology.plan("kind-1", subnet="10.20.0.0/16")
    assert planned.etcd_addresses == ("10.20.0.2", "10.20.0.3", "10.20.0.4")


@pytest.mark.parametrize("subnet", ["172.18.0.0/24", "10.96.0.0/24", "10.244.0.0/22", "10.0.0.0/8"])
def test_a_subnet_in_which_something_of_the_lab_lies_is_refused(subnet: str) -> None:
    for plan in (lambda: topology.plan("kind-1", subnet=subnet), lambda: netns.plan(subnet=subnet)):
        with pytest.raises(UsageError, match=rf"subnet {subnet} overlaps .*, which is for .*: give another"):
            plan()


@pytest.mark.parametrize("name", list(FAULTS))
def test_what_faults_bring_is_kept_free(name: str) -> None:
    make, _interface = FAULTS[name]
    address = ipaddress.ip_interface(make(node="node02").address).ip
    kept = [ipaddress.ip_network(one) for one in (*RESERVED, SUBNET)]
    assert any(address in one for one in kept), "a lab's own network is there, or is refused there"


@pytest.mark.parametrize("nodes", [2, 10])
def test_the_fewest_and_the_most_nodes_are_taken(nodes: int) -> None:
    assert len({node.container for node in topology.plan("kind-1", nodes=nodes).nodes}) == nodes


@pytest.mark.parametrize(
    ("nodes", "control_planes", "said"),
    [
        (1, 1, "with 1 control plane has 2 to 10 nodes, but 1 were asked for"),
        (11, 1, "with 1 control plane has 2 to 10 nodes, but 11 were asked for"),
        (2, 3, "with 3 control planes has 3 to 10 nodes, but 2 were asked for"),
        (3, 2, "has 1 or 3 control planes, but 2 were asked for"),
        (3, 0, "has 1 or 3 control planes, but 0 were asked for"),
    ],
)
def test_numbers_out_of_range_are_refused(nodes: int, control_planes: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        topology.plan("kind-1", nodes=nodes, control_planes=control_planes)


@pytest.mark.parametrize(
    ("subnet", "said"),
    [
        ("nonsense", "no IPv4 network"),
        ("192.168.21.5/24", "host bits set"),
        ("fd00::/64", "no IPv4 network"),
        ("192.168.21.0/25", "too small for a kind lab"),
    ],
)
def test_a_subnet_that_is_none_or_too_small_is_refused(subnet: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        topology.plan("kind-1", subnet=subnet)
