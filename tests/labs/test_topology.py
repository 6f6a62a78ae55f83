"""What a lab is made of, decided before anything is made."""

from __future__ import annotations

import pytest

from calicolab.errors import UsageError
from calicolab.labs.netns import topology


def test_the_incidents_nodes_are_the_default() -> None:
    planned = topology.plan()
    assert [node.address for node in planned.nodes] == ["192.168.21.11", "192.168.21.12", "192.168.21.13"]
    assert planned.gateway == "192.168.21.1"
    assert planned.etcd == planned.nodes


def test_with_two_nodes_the_third_etcd_member_has_a_machine_to_itself() -> None:
    planned = topology.plan(nodes=2)
    assert [machine.name for machine in planned.nodes] == ["node01", "node02"]
    assert [machine.name for machine in planned.etcd] == ["node01", "node02", "node03"]


def test_a_hundred_nodes_fit_and_are_all_different() -> None:
    planned = topology.plan(nodes=100)
    assert len({machine.address for machine in planned.machines}) == 100
    assert planned.machines[-1].name == "node100"


@pytest.mark.parametrize("nodes", [-1, 0, 1, 101])
def test_a_node_count_out_of_range_is_refused(nodes: int) -> None:
    with pytest.raises(UsageError, match=f"2 to 100 nodes, but {nodes} were asked for"):
        topology.plan(nodes=nodes)


@pytest.mark.parametrize(
    ("subnet", "said"),
    [
        ("192.168.21.0", "too small"),
        ("192.168.21.5/24", "host bits set"),
        ("fd00::/64", "no IPv4 network"),
        ("nonsense", "no IPv4 network"),
        ("10.0.0.0/29", "too small"),
    ],
)
def test_a_subnet_that_is_none_or_too_small_is_refused(subnet: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        topology.plan(subnet=subnet)


@pytest.mark.parametrize("route", ["192.168.0.0/16", "192.168.21.0/25", "192.168.21.13/32"])
def test_a_subnet_that_this_machine_routes_is_refused(route: str) -> None:
    with pytest.raises(UsageError, match=route):
        topology.refuse_overlap(topology.plan(), ["10.0.0.0/8", route])


def test_other_routes_and_default_routes_do_no_harm() -> None:
    topology.refuse_overlap(topology.plan(), ["0.0.0.0/0", "10.0.0.0/8", "192.168.22.0/24"])
