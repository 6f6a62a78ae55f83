"""The controls of suites/autodetection/test_conflicts.py and test_methods.py."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calicolab.calico import address_choice
from tests.controls import sabotages
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.controls.control import Scene

CONFLICTS = "suites/autodetection/test_conflicts.py"
METHODS = "suites/autodetection/test_methods.py"


@contextmanager
def starting(
    scene: Scene,
    *,
    before: Callable[[], object] = sabotages.nothing,
    after: Callable[[], object] = sabotages.nothing,
    told: dict[str, str] | None = None,
) -> Iterator[None]:
    """Something is done right before or after calico-node starts, or it is told something else than in the check."""
    start = address_choice.start

    def start_sabotaged(lab: Any, node: Any, *, environment: dict[str, str] | None = None) -> Any:
        before()
        begun = start(lab, node, environment=environment if told is None else told)
        after()
        return begun

    scene.patch.setattr(address_choice, "start", start_sabotaged)
    with settings_kept(scene):
        yield


@contextmanager
def settings_kept(scene: Scene) -> Iterator[None]:
    """What the check sets of any node's calico-node is not set afterwards, and what it ends runs again."""
    running = [node for node in scene.lab.nodes if node.calico.running]
    with ExitStack() as undo:
        for node in scene.lab.nodes:
            undo.enter_context(sabotages.settings(node))
        try:
            yield
        finally:
            for node in running:
                if not node.calico.running:
                    node.calico.restart()


@contextmanager
def _not_injected(scene: Scene) -> Iterator[None]:
    hit = scene.arguments["hit"]

    @contextmanager
    def by_nothing(self: Any, conflict: Any) -> Iterator[Any]:
        try:
            yield conflict.make(self.node.name, self.right)
        finally:
            self.put_right()

    scene.patch.setattr(type(hit), "by", by_nothing)
    with settings_kept(scene):
        yield


@contextmanager
def _healed_early(scene: Scene) -> Iterator[None]:
    hit, conflict = scene.arguments["hit"], scene.arguments["conflict"]
    fault = conflict.make(hit.node.name, hit.right)
    with starting(scene, before=lambda: fault.heal(scene.lab)):
        yield


@contextmanager
def other_mesh(scene: Scene) -> Iterator[None]:
    """Peers do not dial the address that was taken; where none was, a session is off that has nothing to do with it."""
    hit = scene.arguments["hit"]
    with ExitStack() as undo:

        def after() -> None:
            if hit.stored() == hit.right:
                other = scene.lab.nodes[-1]
                undo.enter_context(sabotages.session_off(scene.lab, hit.peer.name, other.address))
            else:
                hit.put_right()

        with starting(scene, after=after):
            yield


#: The parameters that stand for all: the body is the same. One address that cuts a node off, one that does not, none.
FOR_ALL = ("docker-bridge-mybr0", "keepalived-vip-first", "node-local-dns-service")
#: Every method against a conflict that most of them tell apart, and against one that none is taken in by.
METHODS_FOR_ALL = tuple(
    f"{conflict}-{method}"
    for conflict, careless in (
        ("docker-bridge-mybr0", "skip-interface=br-.*"),
        ("keepalived-vip", "interface=eth.*"),
    )
    for method in ("interface=eth0", "cidr=own-network", "can-reach=peer", careless)
)

NOT_INJECTED = Sabotage(
    "not-injected",
    "nothing appears on node02, and calico-node starts there on eth0 alone",
    act=_not_injected,
    says="without .* this proves nothing",
)
HEALED_EARLY = Sabotage(
    "healed-early",
    "what appeared on node02 is gone when calico-node starts",
    act=_healed_early,
    says="without .* this proves nothing",
)

CONTROLS = {
    f"{CONFLICTS}::test_first_found": (
        NOT_INJECTED,
        replace(HEALED_EARLY, only=FOR_ALL),
        Sabotage(
            "told-which-interface",
            "calico-node is started with IP_AUTODETECTION_METHOD=interface=eth0",
            act=lambda scene: starting(scene, told={address_choice.METHOD: "interface=eth0"}),
            says="on matching interface eth0",
            only=FOR_ALL,
        ),
        Sabotage(
            "other-mesh",
            "the address that was taken is corrected behind the check's back; where none was, node01 has a session off",
            act=other_mesh,
            says="last state: mesh of 3 nodes: .*, full|node01 to node03: down",
            patience=20.0,
            only=FOR_ALL,
        ),
    ),
    f"{METHODS}::test_method": (
        NOT_INJECTED,
        replace(HEALED_EARLY, only=METHODS_FOR_ALL[:1]),
        Sabotage(
            "method-not-set",
            "calico-node is started with first-found",
            act=lambda scene: starting(scene, told={address_choice.METHOD: "first-found"}),
            says=r"(?m)on interface \S+: \S+$",
            only=METHODS_FOR_ALL,
        ),
    ),
}
