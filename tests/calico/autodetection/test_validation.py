"""What cannot be is refused with a sentence; what a layout is written in is read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as limits

from calicolab.calico.autodetection import Layout, Link, Route, Settings, Stored, decide
from calicolab.calico.autodetection.case import EXAMPLE, LOOPBACK, Case, decode, encode
from calicolab.calico.autodetection.strategies import cases
from calicolab.errors import UsageError

ETH0 = Link("eth0", 2, ("10.0.0.2/24",))


@pytest.mark.parametrize(
    ("layout", "sentence"),
    [
        (
            Layout((Link("eth0", 2, ("10.0.0.2",)),)),
            "interface eth0 has address '10.0.0.2': write an IPv4 address",
        ),
        (Layout((Link("eth0", 2, ("10.0.0.2/33",)),)), "has address '10.0.0.2/33'"),
        (Layout((Link("eth0", 2, ("fd00::1/64",)),)), "has address 'fd00::1/64'"),
        (Layout((Link("sixteen-letters-", 2),)), "'sixteen-letters-' is no name of an interface"),
        (Layout((Link("a b", 2),)), "'a b' is no name of an interface"),
        (Layout((Link("", 2),)), "'' is no name of an interface"),
        (Layout((Link("eth0", 0),)), "interface eth0 has index 0: the first is 1"),
        (Layout((Link("a", 2), Link("b", 2))), "2 interfaces have the index 2"),
        (Layout((Link("a", 2), Link("a", 3))), "2 interfaces have the name a"),
        (
            Layout((ETH0,), default_route_via="10.0.1.1"),
            "the gateway 10.0.1.1 of the default route is on no network",
        ),
        (
            Layout((ETH0,), default_route_via="10.0.0.2"),
            "the gateway 10.0.0.2 of the default route is on no network",
        ),
        (Layout((ETH0,), default_route_via="gateway"), "is 'gateway', which is no IPv4 address"),
        (Layout((ETH0,), routes=(Route("10.1.0.0/16", "eth1"),)), "leaves by eth1, which is no interface"),
        (Layout((ETH0,), routes=(Route("10.1.0.1/16", "eth0"),)), "has host bits set"),
        (Layout((ETH0,), routes=(Route("default", "eth0", via="10.9.0.1"),)), "is on no network of eth0"),
        (
            Layout((ETH0,), routes=(Route("10.1.0.0/16", "eth0", source="10.0.0.3"),)),
            "the source 10.0.0.3 of route",
        ),
        (Layout((ETH0,), routes=(Route("10.0.0.0/24", "eth0"),)), "two routes to 10.0.0.0/24 with metric 0"),
    ],
)
def test_a_layout_that_cannot_be(layout: Layout, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence.replace("(", r"\(")):
        decide("v3.31.0", layout, Settings(), Stored())


@pytest.mark.parametrize(
    ("settings", "stored", "sentence"),
    [
        (Settings(backend="birdy"), Stored(), "backend 'birdy' is unknown: known are bird, vxlan, none"),
        (Settings(), Stored("nonsense"), "the stored address 'nonsense' is no IPv4 address"),
        (
            Settings(),
            Stored(others={"node01": "10.0.0.1/99"}),
            "the address of node node01 '10.0.0.1/99' is no IPv4",
        ),
        (Settings(kubernetes_internal_ip="here"), Stored(), "InternalIP is 'here', which is no IPv4 address"),
        (Settings(method="can-reach=example.test"), Stored(), "depends on name servers"),
    ],
)
def test_settings_that_cannot_be(settings: Settings, stored: Stored, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        decide("v3.31.0", Layout((ETH0,)), settings, stored)


def test_an_unknown_version() -> None:
    with pytest.raises(UsageError, match=r"v3\.2\.1"):
        decide("v3.2.1", Layout((ETH0,)), Settings(), Stored())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "this is no layout: Input data was truncated; one is written like"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `layout`"),
        ('{"layout": {"links": [{"name": "eth0"}]}}', "missing required field `index`"),
        ('{"layout": {"links": [{"name": "eth0", "index": "2"}]}}', r"at `\$.layout.links\[0\].index`"),
        (
            '{"layout": {"links": [{"name": "eth0", "index": 2, "adresses": []}]}}',
            r"links\[0\].adresses is unknown",
        ),
        ('{"layout": {}, "setting": {}}', "setting is unknown"),
    ],
)
def test_a_layout_that_is_none(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        decode(text)


@given(cases())
@limits(max_examples=50, deadline=None)
def test_what_is_written_is_read_again(case: Case) -> None:
    assert decode(encode(case)) == case


def test_a_layout_without_loopback_gets_it() -> None:
    assert decode(encode(EXAMPLE)).layout.links == (LOOPBACK, *EXAMPLE.layout.links)


@given(cases())
@limits(max_examples=200, deadline=None)
def test_every_made_up_node_can_be(case: Case) -> None:
    for version in ("v3.21.4", "v3.31.0"):
        decision = decide(version, case.layout, case.settings, case.stored)
        assert (decision.outcome in ("take", "keep")) <= bool(decision.address)
        assert bool(decision.conflict) <= (decision.outcome == "die")
