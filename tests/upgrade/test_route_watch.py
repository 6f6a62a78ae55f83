"""What `ip monitor` says of routes, and which lost datagrams it explains."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from calicolab.connectivity.traffic import Flow, Request
from calicolab.evidence.timeline import Timeline
from calicolab.upgrade.route_watch import Replacement, RouteWatch, explaining, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.labs.base import Node

BEGAN = datetime(2026, 11, 23, 22, 34, 0, tzinfo=UTC).timestamp()
SAID = """\
[2026-11-23T22:34:09.000000] 192.168.21.0/24 dev eth0 proto kernel scope link src 192.168.21.12
[2026-11-23T22:34:16.284961] Deleted 10.244.140.64/26 via 192.168.21.12 dev eth0 proto bird
[2026-11-23T22:34:16.286151] 10.244.140.64/26 via 192.168.21.12 dev eth0 proto bird
[2026-11-23T22:34:20.500000] 10.244.186.192/26 via 192.168.21.13 dev eth0 proto bird
[2026-11-23T22:34:21.000000] Deleted blackhole 10.244.1.0/26 proto bird
[2026-11-23T22:34:24.500000] Deleted 10.244.196.128/26 via 192.168.21.11 dev eth0 proto bird
"""


def test_a_route_that_is_replaced_and_one_that_is_gone() -> None:
    replaced, gone = read(SAID.splitlines(), node="node01", started=BEGAN)
    assert (replaced.node, replaced.network) == ("node01", "10.244.140.64/26")
    assert replaced.gone == pytest.approx(16.284961)
    assert replaced.milliseconds == pytest.approx(1.19, abs=0.001)
    assert replaced.brief
    assert gone.network == "10.244.196.128/26"
    assert gone.back is None
    assert gone.milliseconds is None
    assert not gone.brief


@pytest.mark.parametrize(
    ("sent", "towards", "explained"),
    [
        (16.285, "10.244.140.70", True),
        (16.100, "10.244.140.70", True),
        (16.500, "10.244.140.70", False),
        (16.285, "10.244.196.130", False),
    ],
)
def test_which_datagrams_it_may_have_lost(sent: float, towards: str, explained: bool) -> None:
    one = Replacement("node01", "10.244.140.64/26", gone=16.285, back=16.286)
    assert one.may_have_lost(sent, towards=towards) is explained


def test_a_route_that_was_away_for_longer_explains_nothing() -> None:
    one = Replacement("node01", "10.244.140.64/26", gone=16.285, back=16.385)
    assert not one.may_have_lost(16.285, towards="10.244.140.70")


@dataclass
class Watched:
    """A node on which another program runs than the one that watches."""

    name: str
    program: tuple[str, ...]

    def apart(self, argv: Sequence[str]) -> list[str]:
        return list(self.program)


def test_a_watch_that_ended_early_is_not_one_that_saw_nothing() -> None:
    nodes = cast("list[Node]", [Watched("node01", ("sleep", "60")), Watched("node02", ("false",))])
    with RouteWatch(nodes, timeline=Timeline()) as routes:
        # Until it ended, and without taking its end from who watches.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    assert routes.unwatched == ("node02",)
    assert routes.replacements == ()


PODS = {"pod-1": ("node01", "10.244.1.2"), "pod-2": ("node02", "10.244.2.2")}
THERE = Replacement("node01", "10.244.2.0/26", gone=16.0, back=16.0001)
BACK = Replacement("node02", "10.244.1.0/26", gone=16.0, back=16.0001)
ELSEWHERE = Replacement("node03", "10.244.2.0/26", gone=16.0, back=16.0001)
OTHER_BLOCK = Replacement("node01", "10.244.3.0/26", gone=16.0, back=16.0001)


def flow(*lost: float, protocol: str = "udp") -> Flow:
    return Flow("pod-1", "pod-2", protocol, (Request(15.0, 1.0), *(Request(sent, None) for sent in lost)))


def test_the_way_there_or_back_was_replaced() -> None:
    assert explaining(flow(16.0), [THERE], pods=PODS) == (THERE,)
    assert explaining(flow(16.0), [BACK], pods=PODS) == (BACK,)
    assert explaining(flow(16.0), [ELSEWHERE, OTHER_BLOCK], pods=PODS) == ()


def test_a_replaced_route_explains_one_datagram_of_a_flow() -> None:
    assert len(explaining(flow(16.0, 16.02), [THERE], pods=PODS)) == 1
    assert len(explaining(flow(16.0, 16.02), [THERE, BACK], pods=PODS)) == 2


def test_tcp_would_have_sent_it_again() -> None:
    assert explaining(flow(16.0, protocol="tcp"), [THERE], pods=PODS) == ()
