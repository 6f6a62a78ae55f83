"""What each method takes, by version: the model's answers that people rely on, each read in Calico or seen on a lab."""

from __future__ import annotations

import pytest

from calicolab.calico.autodetection import Decision, Layout, Link, Route, Settings, Stored, decide
from calicolab.errors import UsageError

LO, ETH0 = Link("lo", 1, ("127.0.0.1/8",)), Link("eth0", 2, ("192.168.21.12/24",))
BRIDGE = Link("br-fac7e8026658", 5, ("172.18.0.1/16",))
BEFORE_V3_25, SINCE_V3_25 = (
    ("v3.21.4", "v3.22.0", "v3.23.0", "v3.23.2"),
    ("v3.25.0", "v3.28.6-0.dev", "v3.31.0"),
)


def ask(
    *links: Link,
    version: str = "v3.31.0",
    method: str | None = None,
    ip: str | None = "autodetect",
    stored: Stored | None = None,
    routes: tuple[Route, ...] = (),
    via: str | None = None,
) -> Decision:
    layout = Layout((LO, *links), default_route_via=via, routes=routes)
    return decide(version, layout, Settings(ip=ip, method=method), stored or Stored())


def taken(*links: Link, **asked: object) -> str:
    decision = ask(*links, **asked)  # type: ignore[arg-type] # passed on as they are
    return decision.interface if decision.outcome == "take" else decision.outcome


@pytest.mark.parametrize("version", BEFORE_V3_25)
def test_v3_24_and_older_take_a_docker_bridge(version: str) -> None:
    decision = ask(ETH0, BRIDGE, version=version)
    said = "Using autodetected IPv4 address on interface br-fac7e8026658: 172.18.0.1/16"
    assert decision == Decision("take", "172.18.0.1/16", BRIDGE.name, "", said)


@pytest.mark.parametrize("version", SINCE_V3_25)
def test_v3_25_and_newer_pass_over_it(version: str) -> None:
    assert taken(ETH0, BRIDGE, version=version) == "eth0"


@pytest.mark.parametrize("version", BEFORE_V3_25 + SINCE_V3_25)
def test_every_version_takes_a_bridge_of_another_name(version: str) -> None:
    assert taken(ETH0, Link("mybr0", 9, ("172.18.0.1/16",)), version=version) == "mybr0"


@pytest.mark.parametrize(
    ("name", "older", "newer"),
    [
        ("docker0", "eth0", "eth0"),
        ("podman0", "podman0", "eth0"),
        ("cni-podman0", "eth0", "eth0"),
        ("nodelocaldns", "eth0", "eth0"),  # older ones find "lo" in it
        ("vxlan.calico", "eth0", "eth0"),  # and "cali" in this
        ("vxlanXcalico", "eth0", "vxlanXcalico"),
        ("ibmveth0", "eth0", "ibmveth0"),
        ("slow0", "eth0", "slow0"),
        ("lo1", "eth0", "eth0"),
        ("tun0", "tun0", "tun0"),
        ("tailscale0", "tailscale0", "tailscale0"),
        ("Docker0", "Docker0", "Docker0"),
    ],
)
def test_names_that_are_passed_over(name: str, older: str, newer: str) -> None:
    other = Link(name, 9, ("10.1.0.1/16",))
    assert taken(ETH0, other, version="v3.23.2") == older
    assert taken(ETH0, other, version="v3.25.0") == newer


def test_the_newest_interface_comes_first_up_or_down() -> None:
    older, newer = Link("ens3", 3, ("10.0.0.2/24",)), Link("ens4", 4, ("10.0.1.2/24",), up=False)
    assert taken(newer, older) == "ens4"


@pytest.mark.parametrize("address", ["127.0.0.2/8", "169.254.20.10/32", "224.0.0.5/32", "0.0.0.0/8"])
def test_what_is_no_global_unicast_address_is_passed_over(address: str) -> None:
    assert ask(Link("ens3", 3, (address, "10.0.0.2/24"))).address == "10.0.0.2/24"


def test_an_address_of_class_e_or_with_32_bits_is_taken() -> None:
    assert ask(Link("ens3", 3, ("240.0.0.1/8",))).address == "240.0.0.1/8"
    assert ask(Link("ens3", 3, ("192.168.200.59/32", "192.168.200.7/24"))).address == "192.168.200.59/32"


def test_an_expression_is_searched_for_anywhere() -> None:
    assert taken(ETH0, Link("veth01", 9, ("10.0.0.1/24",)), method="interface=eth0") == "veth01"
    assert taken(ETH0, Link("veth01", 9, ("10.0.0.1/24",)), method="interface=^eth0$") == "eth0"


def test_a_trailing_comma_matches_every_interface() -> None:
    assert taken(ETH0, BRIDGE, method="interface=eth0,") == BRIDGE.name
    assert taken(ETH0, BRIDGE, method="skip-interface=br-.*,") == "die"


def test_skip_interface_keeps_passing_over_the_names_of_first_found() -> None:
    docker, bridge = Link("docker0", 9, ("172.17.0.1/16",)), Link("mybr0", 8, ("172.18.0.1/16",))
    assert taken(ETH0, bridge, docker, method="skip-interface=mybr.*") == "eth0"


def test_look_ahead_is_no_expression_in_go() -> None:
    decision = ask(ETH0, BRIDGE, method="interface=(?!br-).*")
    assert decision.outcome == "die"
    assert "error parsing regexp: invalid or unsupported Perl syntax: `(?!`" in decision.message


def test_cidr_takes_the_first_address_within() -> None:
    assert taken(ETH0, BRIDGE, method="cidr=192.168.21.0/24") == "eth0"
    assert taken(ETH0, BRIDGE, method="cidr=fd00::/8, 172.16.0.0/12") == BRIDGE.name
    wrong = ask(ETH0, method="cidr=192.168.21.0")
    assert wrong.message.startswith(
        'Invalid CIDR "192.168.21.0" for IP autodetection method: cidr=192.168.21.0'
    )


@pytest.mark.parametrize(
    ("destination", "source"),
    [
        ("8.8.8.8", "192.168.21.12/24"),
        ("172.18.0.9", "172.18.0.1/16"),
        ("172.18.255.255", "172.18.0.1/16"),
        ("127.0.0.1", "127.0.0.1/8"),
        ("127.9.9.9", "127.0.0.1/8"),
        ("", "127.0.0.1/8"),  # seen: calico-node then dials itself
        ("10.1.2.3", "192.168.21.12/24"),
        ("8.8.4.4", "172.18.0.1/16"),
    ],
)
def test_can_reach_takes_the_address_that_the_kernel_sends_from(destination: str, source: str) -> None:
    routes = (
        Route("10.0.0.0/8", BRIDGE.name, source="192.168.21.12"),
        Route("8.8.4.0/24", BRIDGE.name, via="172.18.0.5"),
    )
    decision = ask(ETH0, BRIDGE, method=f"can-reach={destination}", via="192.168.21.1", routes=routes)
    assert decision.address == source


def test_can_reach_of_a_network_that_no_route_leads_to() -> None:
    decision = ask(ETH0, method="can-reach=8.8.8.8")
    assert decision.outcome == "die"
    assert "dial udp4 8.8.8.8:80: connect: network is unreachable" in decision.message


def test_can_reach_is_refused_where_it_would_leave_from_a_loopback_address_by_another_interface() -> None:
    link = Link("eth9", 3, ("127.0.5.5/24",))
    decision = ask(link, method="can-reach=127.0.5.9")
    assert "dial udp4 127.0.5.9:80: connect: invalid argument" in decision.message
    assert ask(link, method="can-reach=127.0.5.5").address == "127.0.5.5/24"


def test_can_reach_from_a_node_without_an_address_finds_no_interface_that_has_what_it_sends_from() -> None:
    link = Link("eth0", 2)
    decision = ask(link, method="can-reach=8.8.8.8", routes=(Route("default", "eth0"),))
    assert "does not match any addresses found on local interfaces: 0.0.0.0" in decision.message


def test_can_reach_of_a_multicast_address_is_not_answered() -> None:
    with pytest.raises(UsageError, match="multicast"):
        ask(ETH0, method="can-reach=224.0.0.5")


def test_can_reach_of_the_own_secondary_address_gives_the_primary_one() -> None:
    link = Link("ens3", 3, ("10.0.0.2/24", "10.0.0.3/24"))
    assert ask(link, method="can-reach=10.0.0.3").address == "10.0.0.2/24"


def test_the_route_with_the_lower_metric_wins_and_then_the_older_interface() -> None:
    other = Link("eth1", 3, ("192.168.21.13/24",))
    assert ask(ETH0, other, method="can-reach=192.168.21.9").address == "192.168.21.12/24"
    routes = (
        Route("default", "eth0", via="192.168.21.1", metric=100),
        Route("default", "eth1", via="192.168.21.1", metric=50),
    )
    assert ask(ETH0, other, method="can-reach=8.8.8.8", routes=routes).address == "192.168.21.13/24"


@pytest.mark.parametrize(
    ("version", "address"),
    [("v3.22.0", "192.168.21.0/24"), ("v3.23.0", "192.168.21.0/24"), ("v3.23.2", "192.168.21.12/24")],
)
def test_kubernetes_internal_ip_was_the_networks_address_at_first(version: str, address: str) -> None:
    settings = Settings(method="kubernetes-internal-ip", kubernetes_internal_ip="192.168.21.12")
    assert decide(version, Layout((LO, ETH0, BRIDGE)), settings, Stored()).address == address


def test_kubernetes_internal_ip_does_not_say_that_it_found_the_same_again() -> None:
    settings = Settings(method="kubernetes-internal-ip", kubernetes_internal_ip="192.168.21.12")
    decision = decide("v3.31.0", Layout((LO, ETH0)), settings, Stored("192.168.21.12/24"))
    assert (decision.outcome, decision.address, decision.message) == ("keep", "192.168.21.12/24", "")
    assert decide("v3.31.0", Layout((LO, ETH0)), settings, Stored("10.0.0.9/24")).outcome == "take"


def test_v3_21_knows_no_kubernetes_internal_ip() -> None:
    settings = Settings(method="kubernetes-internal-ip", kubernetes_internal_ip="192.168.21.12")
    decision = decide("v3.21.4", Layout((LO, ETH0)), settings, Stored("192.168.21.12/24"))
    assert (decision.outcome, decision.message) == (
        "die",
        "Invalid IP autodetection method: kubernetes-internal-ip",
    )
