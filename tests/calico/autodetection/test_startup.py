"""What becomes of a stored address, a given one, and one that another node has."""

from __future__ import annotations

import pytest

from calicolab.calico.autodetection import Decision, Layout, Link, Recorded, Settings, Stored, decide

LO, ETH0 = Link("lo", 1, ("127.0.0.1/8",)), Link("eth0", 2, ("192.168.21.12/24",))
NODE = Layout((LO, ETH0))
NOTHING_FOUND = Settings(method="interface=nosuch")
VERSIONS = ("v3.21.4", "v3.23.2", "v3.31.0")


def test_nothing_found_and_nothing_stored_is_the_end() -> None:
    decision = decide("v3.27.0", NODE, NOTHING_FOUND, Stored())
    assert decision.outcome == "die"
    assert decision.message.splitlines()[0] == (
        "Unable to auto-detect an IPv4 address using interface regexes [nosuch]: no valid host interfaces found"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_found_keeps_what_is_stored(version: str) -> None:
    decision = decide(version, NODE, NOTHING_FOUND, Stored("10.9.9.9/24"))
    assert (decision.outcome, decision.address) == ("keep", "10.9.9.9/24")
    assert decision.message.splitlines()[1:] == [
        "Autodetection of IPv4 address failed, keeping existing value: 10.9.9.9/24",
        "Unable to confirm IPv4 address 10.9.9.9 is assigned to this host",
    ]


@pytest.mark.parametrize("setting", ["none", "", None])
def test_without_autodetection_what_is_stored_stays(setting: str | None) -> None:
    bridge = Layout((LO, ETH0, Link("mybr0", 9, ("172.18.0.1/16",))))
    decision = decide("v3.23.2", bridge, Settings(ip=setting), Stored("192.168.21.12/24"))
    assert (decision.outcome, decision.address, decision.interface) == ("keep", "192.168.21.12/24", "eth0")


def test_none_and_nothing_stored_is_the_end_but_for_policy_only() -> None:
    decision = decide("v3.23.2", NODE, Settings(ip="none"), Stored())
    needed = "No IPv4 or IPv6 addresses configured or detected, required for Calico networking"
    assert decision == Decision("die", message=needed)
    assert decide("v3.23.2", NODE, Settings(ip="none", backend="none"), Stored()).outcome == "none"


@pytest.mark.parametrize(
    ("version", "outcome"), [("v3.25.0", "take"), ("v3.26.0", "none"), ("v3.31.0", "none")]
)
def test_for_policy_only_v3_26_and_newer_look_for_no_address(version: str, outcome: str) -> None:
    assert decide(version, NODE, Settings(backend="none"), Stored()).outcome == outcome


def test_an_empty_setting_and_nothing_stored_means_autodetection() -> None:
    assert decide("v3.31.0", NODE, Settings(ip=""), Stored()).address == "192.168.21.12/24"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("192.168.21.12", "192.168.21.12/24"),
        ("192.168.21.12/25", "192.168.21.12/25"),
        ("10.9.9.9", "10.9.9.9/32"),
        ("::ffff:192.168.21.12", "192.168.21.12/24"),
        ("127.0.0.1", "127.0.0.1/8"),
    ],
)
def test_a_given_address_is_taken_wherever_it_is(given: str, address: str) -> None:
    decision = decide("v3.31.0", NODE, Settings(ip=given), Stored("10.1.1.1/8"))
    assert (decision.outcome, decision.address) == ("take", address)


@pytest.mark.parametrize(
    "given", ["Autodetect", "10.0.0.01", "10.0.0.1/33", "fd00::1", "fe80::1%eth0", "10.0.0.1/"]
)
def test_a_given_address_that_is_none_is_the_end(given: str) -> None:
    decision = decide("v3.31.0", NODE, Settings(ip=given), Stored("10.1.1.1/8"))
    assert (decision.outcome, decision.address) == ("die", "10.1.1.1/8")
    assert decision.message.endswith(f"Environment does not contain a valid IPv4 address: IP={given}")


def test_a_conflict_with_autodetection_takes_the_own_stored_address_away() -> None:
    stored = Stored("10.1.1.1/8", {"node03": "192.168.21.12", "node01": "192.168.21.12/24"})
    decision = decide("v3.23.2", NODE, Settings(), stored)
    assert (decision.outcome, decision.address, decision.conflict) == ("die", "", "node01")
    assert decision.message.endswith("Calico node 'node03' is already using the IPv4 address 192.168.21.12.")


def test_a_conflict_of_a_given_address_leaves_the_stored_one() -> None:
    stored = Stored("10.1.1.1/8", {"node01": "192.168.21.12/24"})
    assert decide("v3.23.2", NODE, Settings(ip="192.168.21.12"), stored).address == "10.1.1.1/8"


@pytest.mark.parametrize(("version", "outcome"), [("v3.30.1", "take"), ("v3.31.0", "die")])
def test_an_address_that_did_not_change_is_no_conflict_before_v3_31(version: str, outcome: str) -> None:
    stored = Stored("192.168.21.12/24", {"node01": "192.168.21.12/24"})
    assert decide(version, NODE, Settings(), stored).outcome == outcome


def test_v3_31_sees_no_conflict_when_its_interfaces_did_not_change_either() -> None:
    noted = (Recorded("eth0", ("192.168.21.12",)),)
    stored = Stored("192.168.21.12/24", {"node01": "192.168.21.12/24"}, interfaces=noted)
    assert decide("v3.31.0", NODE, Settings(), stored).outcome == "take"


def test_conflicts_are_not_looked_for_when_told_so() -> None:
    stored = Stored(others={"node01": "192.168.21.12/24"})
    assert decide("v3.31.0", NODE, Settings(node_ip_check=False), stored).outcome == "take"


def test_an_unknown_method_is_the_end_even_with_an_address_stored() -> None:
    decision = decide("v3.31.0", NODE, Settings(method="first-found "), Stored("10.1.1.1/8"))
    assert decision == Decision("die", "10.1.1.1/8", message="Invalid IP autodetection method: first-found ")
