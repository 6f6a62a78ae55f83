"""The controls of suites/remediation."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calicolab.calico import address_monitor, start, versions
from calicolab.calico.upgrade import Upgraded
from calicolab.faults.cures import RemoveInterface
from calicolab.wait import wait_for
from tests.controls import sabotages
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.controls.control import Scene

STORY = "suites/remediation/test_cures.py"
BRIDGE_STORY = "suites/remediation/test_bridge_removed.py"
#: An address of the lab's network that nobody has.
STRANGE = "192.168.21.99"
#: Seconds that a wait of the check may take on a busy machine: for the mesh, and for three looks of the monitor.
PATIENCE = 20.0


@contextmanager
def _healed_afterwards(scene: Scene) -> Iterator[None]:
    """The check starts calico-node with other settings, and leaves it the wrong address when it is broken off."""
    try:
        yield
    finally:
        scene.lab.heal()


@contextmanager
def _not_applied(scene: Scene) -> Iterator[None]:
    with _healed_afterwards(scene):
        scene.patch.setattr(type(scene.arguments["cure"]), "apply", sabotages.nothing)
        yield


@contextmanager
def _not_injected(scene: Scene) -> Iterator[None]:
    with _healed_afterwards(scene):
        scene.arguments["inject"] = sabotages.nothing
        yield


@contextmanager
def _monitor_frozen(scene: Scene) -> Iterator[None]:
    calico = _faulty(scene).calico

    def freeze(number: int, restart: Callable[..., None], environment: Any) -> None:
        del number
        before = len(calico.logs())
        restart(environment=environment)
        wait_for(lambda: start.STARTED in calico.logs()[before:], until=bool, timeout=sabotages.START_TIMEOUT)
        pause = ["sv", "pause", address_monitor.SERVICE]
        wait_for(lambda: calico.run_status(pause).succeeded, until=bool, timeout=sabotages.START_TIMEOUT)

    with _healed_afterwards(scene):
        _at_each_start(scene, freeze)
        yield


@contextmanager
def _with_settings(scene: Scene, number: int, **settings: str) -> Iterator[None]:
    """From the start of that number on, counted from 1, calico-node has these settings, whatever the check has said."""

    def change(started: int, restart: Callable[..., None], environment: Any) -> None:
        restart(environment={**(environment or {}), **settings} if started >= number else environment)

    with _healed_afterwards(scene):
        _at_each_start(scene, change)
        _upgrades_do_nothing(scene, version_says=True)
        yield


@contextmanager
def _bridge_goes(scene: Scene) -> Iterator[None]:
    bridge = scene.arguments["bridge"]

    def remove(started: int, restart: Callable[..., None], environment: Any) -> None:
        if started == 3:
            bridge.heal(scene.lab)
        restart(environment=environment)

    with _healed_afterwards(scene):
        _at_each_start(scene, remove)
        _upgrades_do_nothing(scene, version_says=True)
        yield


@contextmanager
def _bridge_stays(scene: Scene) -> Iterator[None]:
    with _healed_afterwards(scene):
        scene.patch.setattr(RemoveInterface, "apply", sabotages.nothing)
        yield


@contextmanager
def _bridge_stays_away(scene: Scene) -> Iterator[None]:
    """The check makes it again by itself, having had it injected before."""
    inject, bridge = scene.arguments["inject"], scene.arguments["bridge"]

    def inject_once(fault: Any) -> Any:
        done = inject(fault)
        scene.patch.setattr(type(bridge), "inject", sabotages.nothing)
        return done

    with _healed_afterwards(scene):
        scene.arguments["inject"] = inject_once
        yield


@contextmanager
def _monitor_begins_late(scene: Scene) -> Iterator[None]:
    """It reads the Node again when nobody writes to it any more."""
    calico = _faulty(scene).calico
    apply = RemoveInterface.apply

    def begin_again(cure: RemoveInterface, lab: Any) -> None:
        calico.service(address_monitor.SERVICE, "restart")
        apply(cure, lab)

    with _healed_afterwards(scene):
        scene.patch.setattr(RemoveInterface, "apply", begin_again)
        yield


@contextmanager
def _not_upgraded(scene: Scene) -> Iterator[None]:
    with _healed_afterwards(scene):
        _upgrades_do_nothing(scene, version_says=False)
        yield


def _at_each_start(scene: Scene, act: Callable[[int, Callable[..., None], Any], None]) -> None:
    """Have `act` start the faulty node's calico-node: it gets the number of the start, from 1, and the real thing.

    The check starts it when it breaks the node, for most cures when it applies one, and for its second trial.
    """
    calico = _faulty(scene).calico
    restart, starts = calico.restart, 0

    def instead(*, environment: Any = None) -> None:
        nonlocal starts
        starts += 1
        act(starts, restart, environment)

    scene.patch.setattr(calico, "restart", instead)


def _upgrades_do_nothing(scene: Scene, *, version_says: bool) -> None:
    """Nothing is upgraded, to a version that is not there either, so that the latest version has one after it.

    A lab that was upgraded could not be healed. `version_says`: its program says another version all the same.
    """
    calico, known = _faulty(scene).calico, versions.known()

    def upgrade(version: str, *, node: str | None = None) -> Upgraded:
        del node
        if version_says:
            scene.patch.setattr(calico, "running_version", lambda: version)
        return Upgraded(version=version, replaced=())

    scene.patch.setattr(scene.lab, "upgrade", upgrade)
    scene.patch.setattr(versions, "known", lambda: (*known, "v99.0.0"))


def _faulty(scene: Scene) -> Any:
    return scene.lab.node(scene.arguments["bridge"].node)


NOT_INJECTED = Sabotage(
    "bridge-not-injected",
    "there is no bridge on node02",
    act=_not_injected,
    says="6 of 6 ordered pairs Established, full",
    patience=PATIENCE,
)
MONITOR_FROZEN = Sabotage(
    "monitor-frozen",
    "the monitor of node02's address is frozen with SIGSTOP at each of its starts, and looks no more",
    act=_monitor_frozen,
    says=r"last state: Watch\(looks=",
    patience=PATIENCE,
)

CONTROLS = {
    f"{BRIDGE_STORY}::test_removing_the_bridge_alone": (
        NOT_INJECTED,
        MONITOR_FROZEN,
        Sabotage(
            "bridge-stays",
            "the bridge is not removed",
            act=_bridge_stays,
            says="the monitor looked and left 172.18.0.1/16|the monitor did not find the right address",
            patience=PATIENCE,
        ),
        Sabotage(
            "bridge-stays-away",
            "the bridge is not made again after its removal",
            act=_bridge_stays_away,
            says="the bridge is back, and was not taken",
            patience=PATIENCE,
            versions=">=3.29",
        ),
        Sabotage(
            "monitor-begins-late",
            "the monitor of node02's address is started again by itself, and so knows the Node as it is",
            act=_monitor_begins_late,
            says="the monitor brought the mesh back, which it is claimed to be refused",
            patience=PATIENCE,
            versions="<3.29",
        ),
    ),
    f"{STORY}::test_the_cure_works_and_lasts_as_claimed": (
        Sabotage(
            "not-applied",
            "nothing is done to cure node02",
            act=_not_applied,
            says="stranger: node01 has 172.18.0.1",
            patience=PATIENCE,
        ),
        replace(NOT_INJECTED, only=("interface",)),
        replace(MONITOR_FROZEN, only=("interface",)),
        Sabotage(
            "method-lost",
            "at the start that is to undo the cure, node02's calico-node has lost the method that it was told",
            act=lambda scene: _with_settings(scene, 3, IP_AUTODETECTION_METHOD="first-found"),
            says=r"restart: claimed to be lasting, seen undone: 172\.18\.0\.1/16 is stored again",
            patience=PATIENCE,
            only=("interface",),
        ),
        Sabotage(
            "bridge-goes",
            "before the start that is to undo the cure, the bridge is removed",
            act=_bridge_goes,
            says="the bridge went away by itself",
            patience=PATIENCE,
            only=("interface",),
        ),
        Sabotage(
            "not-upgraded",
            "an upgrade is asked for, and calico-node is left as it is",
            act=_not_upgraded,
            says="node02 still runs",
            patience=PATIENCE,
            only=("interface",),
        ),
        Sabotage(
            "better-than-claimed",
            "at the start that is to undo the incident's cure, calico-node is told the right interface",
            act=lambda scene: _with_settings(scene, 2, IP_AUTODETECTION_METHOD="interface=eth0"),
            says="restart: claimed to be undone, seen lasting",
            patience=PATIENCE,
            only=("correct-node-address",),
        ),
        Sabotage(
            "undone-otherwise",
            "at the start that is to undo the incident's cure, calico-node is told an address that no node has",
            act=lambda scene: _with_settings(scene, 2, IP=STRANGE),
            says=rf"{STRANGE}\S* is stored for node02",
            patience=PATIENCE,
            only=("correct-node-address",),
        ),
    ),
}
