"""A node's interfaces and routes as the autodetection model wants them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from calicolab.calico import node_layout
from calicolab.calico.autodetection import Layout, Link, Route
from calicolab.calico.facts import Interface
from calicolab.errors import LabError

#: As iproute2 6.1 prints them on a node of the namespace lab with a pod.
ROUTES = """[{"dst":"default","gateway":"192.168.21.1","dev":"eth0","flags":[]},
{"type":"blackhole","dst":"10.244.140.64/26","protocol":"bird","flags":[]},
{"dst":"10.244.140.65","dev":"cali0123","scope":"link","flags":[]},
{"dst":"10.244.186.192/26","gateway":"192.168.21.11","dev":"eth0","protocol":"bird","flags":[]},
{"dst":"172.18.0.0/16","dev":"br-fac7e8026658","protocol":"kernel","scope":"link","prefsrc":"172.18.0.1",
 "flags":["linkdown"]},
{"dst":"192.168.21.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.21.12","flags":[]},
{"dst":"192.168.99.0/24","dev":"eth0","scope":"link","prefsrc":"192.168.21.12","metric":50,"flags":[]}]"""


def node(*interfaces: Interface, routes: str) -> Any:
    calico = SimpleNamespace(interfaces=lambda: interfaces)
    return cast(
        "Any",
        SimpleNamespace(name="node02", calico=calico, run=lambda _argv: SimpleNamespace(stdout=routes)),
    )


def test_what_addresses_bring_with_them_is_left_out() -> None:
    eth0 = Interface(2, "eth0", "veth", "UP", True, 1500, ("192.168.21.12/24", "192.168.21.200/32"))
    bridge = Interface(6, "br0", "bridge", "DOWN", False, 1500, ("172.18.0.1/16",), up=False)
    assert node_layout.read(node(eth0, bridge, routes=ROUTES)) == Layout(
        links=(
            Link("eth0", 2, ("192.168.21.12/24", "192.168.21.200/32")),
            Link("br0", 6, ("172.18.0.1/16",), up=False),
        ),
        routes=(
            Route("default", "eth0", via="192.168.21.1"),
            Route("10.244.140.65", "cali0123"),
            Route("10.244.186.192/26", "eth0", via="192.168.21.11"),
            Route("192.168.99.0/24", "eth0", source="192.168.21.12", metric=50),
        ),
    )


def test_a_node_without_a_route_has_none() -> None:
    assert node_layout.read(node(routes="")) == Layout()


@pytest.mark.parametrize("said", ["x", "{}x", "[1]", '[{"dev": "eth0"}]'])
def test_what_is_no_table_of_routes_is_said(said: str) -> None:
    with pytest.raises(LabError, match="routes of node02"):
        node_layout.read(node(routes=said))
