"""`calicolab inject`: which fault its arguments name."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from calicolab.commands import inject
from calicolab.errors import UsageError
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.faults.keepalived_vip import KeepalivedVip
from calicolab.faults.vpn_tunnel import VpnTunnel


def asked_for(*argv: str) -> Any:
    parser = argparse.ArgumentParser()
    inject.register(parser.add_subparsers())
    return inject.asked_for(parser.parse_args(["inject", "node02", *argv]))


def test_by_default_it_is_the_incidents_bridge() -> None:
    assert asked_for() == DockerBridge(node="node02")


@pytest.mark.parametrize("option", ["--bridge", "--interface"])
def test_its_name_and_address_can_be_chosen(option: str) -> None:
    expected = DockerBridge(node="node02", bridge="mybr0", address="172.19.0.1/16")
    assert asked_for(option, "mybr0", "--address", "172.19.0.1/16") == expected


@pytest.mark.parametrize("name", list(inject.FAULTS))
def test_every_fault_can_be_named(name: str) -> None:
    assert asked_for("--fault", name).name == name
    assert asked_for("--fault", name, "--interface", "other0").interface == "other0"


def test_a_virtual_address_may_come_first() -> None:
    assert asked_for("--fault", "keepalived-vip", "--first") == KeepalivedVip(node="node02", comes_first=True)


def test_what_has_no_place_to_come_first_is_refused() -> None:
    with pytest.raises(UsageError, match=f"--first .* not for {VpnTunnel.name}"):
        asked_for("--fault", VpnTunnel.name, "--first")
