"""The controls of suites/readiness/test_strict_window.py."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calicolab.calico import strict_window
from calicolab.faults.node_stopped import NodeStopped
from tests.controls import sabotages
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.controls.control import Scene

STORY = "suites/readiness/test_strict_window.py"
OTHER_FILE = "/var/lib/calico/control"


@contextmanager
def _peer_refuses(scene: Scene) -> Iterator[None]:
    """The session is disabled at the other end, where a restart of the watched node does not undo it."""
    watched, peer = scene.arguments["watched"], scene.lab.node("node03")
    scene.ripe = sabotages.established(watched, scene.lab.node("node02"))
    with sabotages.session_off(scene.lab, peer.name, watched.address):
        yield


@contextmanager
def _another_dies(scene: Scene) -> Iterator[None]:
    sabotages.injecting(scene, lambda fault: replace(fault, node="node02"))
    scene.ripe = sabotages.established(scene.arguments["watched"], scene.arguments["dead"])
    yield


@contextmanager
def _dead_one_lives(scene: Scene) -> Iterator[None]:
    fault = NodeStopped(node=scene.arguments["dead"].name)
    with sabotages.window(scene.arguments["watched"], is_open=True):
        fault.heal(scene.lab)
        try:
            yield
        finally:
            fault.inject(scene.lab)


@contextmanager
def _last_one_lives(scene: Scene) -> Iterator[None]:
    scene.patch.setattr(scene.lab.node("node02").calico, "stop", sabotages.nothing)
    yield


@contextmanager
def _other_file(scene: Scene) -> Iterator[None]:
    watched = scene.arguments["watched"]
    with sabotages.window_as_it_was(watched), pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_window, "NODENAME_FILE", OTHER_FILE)
        try:
            yield
        finally:
            watched.run(["rm", "-f", OTHER_FILE])
            scene.lab.nodes[1].calico.stop()


@contextmanager
def _stays_young(scene: Scene) -> Iterator[None]:
    with sabotages.window_as_it_was(scene.arguments["watched"]):
        scene.patch.setattr(strict_window, "close", sabotages.nothing)
        try:
            yield
        finally:
            scene.lab.nodes[1].calico.stop()


CONTROLS = {
    f"{STORY}::test_with_every_peer_alive_it_is_ready": (
        Sabotage(
            "peer-refuses",
            "node03's BIRD has its session with node01 disabled",
            act=_peer_refuses,
            says=r"last state: .*BGP not established with 192\.168\.21\.13\n",
        ),
    ),
    f"{STORY}::test_within_30_s_one_dead_peer_is_too_many": (
        Sabotage(
            "another-dies",
            "node02 is stopped instead of node03",
            act=_another_dies,
            says=r"last state: .*BGP not established with 192\.168\.21\.12\n",
        ),
    ),
    f"{STORY}::test_it_turns_ready_when_the_30_s_are_over": (
        Sabotage(
            "window-shut",
            "the file that tells when calico-node started is an hour old",
            act=lambda scene: sabotages.window(scene.arguments["watched"], is_open=False),
            says="it was ready before the window closed",
        ),
        Sabotage(
            "dead-one-lives",
            "the dead peer comes back, so that the probe is ready within the 30 s",
            act=_dead_one_lives,
            says=r"assert \d+\.\d+ >= 30",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_afterwards_one_live_peer_is_enough": (
        Sabotage(
            "window-open",
            "the file that tells when calico-node started is new: the strict window is open again",
            act=lambda scene: sabotages.window(scene.arguments["watched"], is_open=True),
            says=r"BGP not established with 192\.168\.21\.13",
        ),
        Sabotage(
            "last-one-lives",
            "node02, the last live peer, is not stopped",
            act=_last_one_lives,
            says="last state: ready",
        ),
    ),
    f"{STORY}::test_the_clock_is_the_age_of_the_nodename_file": (
        Sabotage(
            "other-file",
            "another file beside it is made young and old",
            act=_other_file,
            says="endswith",
            patience=60.0,
        ),
        Sabotage(
            "stays-young",
            "the file is made young, but not old again",
            act=_stays_young,
            says=r"where False = .*BGP not established with 192\.168\.21\.13",
            patience=60.0,
        ),
    ),
}
