"""The founding fault as a value: what it refuses, and which versions it hits."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.errors import UsageError
from calicolab.faults.docker_bridge import DockerBridge


def test_by_default_it_is_the_incidents() -> None:
    bridge = DockerBridge(node="node02")
    assert (bridge.bridge, bridge.address, bridge.host) == ("br-fac7e8026658", "172.18.0.1/16", "172.18.0.1")


@pytest.mark.parametrize(
    "name", ["", "br-fac7e80266588", "br one", "br/one", " br", "br\n", "br\0", "br:1", "..", "brü"]
)
def test_a_name_that_no_interface_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="1 to 15 letters"):
        DockerBridge(node="node02", bridge=name)


@pytest.mark.parametrize("address", ["172.18.0.1", "172.18.0.256/16", "172.18.0.1/33", "fd00::1/64", "", "x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="address"):
        DockerBridge(node="node02", address=address)


@given(st.text(max_size=20), st.one_of(st.just("172.18.0.1/16"), st.text(max_size=20)))
def test_whatever_is_asked_for_is_an_interface_or_refused(name: str, address: str) -> None:
    with contextlib.suppress(UsageError):
        bridge = DockerBridge(node="node02", bridge=name, address=address)
        assert str(ipaddress.IPv4Interface(bridge.address)) == bridge.address
        assert bridge.bridge.isprintable()


@pytest.mark.parametrize(
    ("version", "bridge", "taken"),
    [
        ("v3.23.2", "br-fac7e8026658", True),
        ("v3.31.0", "br-fac7e8026658", False),
        ("v3.23.2", "mybr0", True),
        ("v3.31.0", "mybr0", True),
    ],
)
def test_it_hits_versions_by_its_name(version: str, bridge: str, taken: bool) -> None:
    assert DockerBridge(node="node02", bridge=bridge).applies_to(version, "netns") is taken
