"""Names and addresses that are in use are refused, and what uses them is named."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from calicolab.errors import UsageError
from calicolab.labs.asked import SUBNET
from calicolab.labs.kind import network
from calicolab.labs.kind.network import Taken

WANTED = ipaddress.IPv4Network(SUBNET)


def taken(subnet: str) -> Taken:
    return Taken(ipaddress.IPv4Network(subnet), "the Docker network users")


@pytest.mark.parametrize(
    "subnet", ["192.168.21.0/24", "192.168.21.128/25", "192.168.16.0/20", "192.168.21.7/32"]
)
def test_addresses_in_use_are_refused(subnet: str) -> None:
    said = f"subnet {WANTED} overlaps {subnet}, which the Docker network users has: end that, or .* --subnet"
    with pytest.raises(UsageError, match=said):
        network.refuse_overlap(WANTED, [taken("10.0.0.0/8"), taken(subnet)])


@pytest.mark.parametrize("subnet", ["192.168.20.0/24", "192.168.22.0/24", "0.0.0.0/0"])
def test_others_and_default_routes_are_no_matter(subnet: str) -> None:
    network.refuse_overlap(WANTED, [taken(subnet)])


@pytest.mark.parametrize(
    ("labels", "said"),
    [(None, "not one of ours, and is not touched"), ({"calicolab.lab": "kind-1"}, "of lab kind-1")],
)
def test_a_name_in_use_is_refused(labels: dict[str, str] | None, said: str) -> None:
    existing: list[dict[str, Any]] = [{"Name": "bridge"}, {"Name": "users", "Labels": labels}]
    with pytest.raises(
        UsageError, match=f"a network called users already .it is {said}.*docker network rm users"
    ):
        network.refuse_name("users", existing)
    network.refuse_name("lab", existing)


def test_bridges_have_names_that_linux_takes_and_that_differ() -> None:
    names = {network.bridge_name(f"kind-v3-23-2-{number:08x}") for number in range(50)}
    assert len(names) == 50
    assert {len(name) for name in names} == {15}
