"""The controls of suites/readiness/test_blind_spots.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.controls import sabotages
from tests.controls.control import Sabotage
from tests.controls.state import ENABLED, sessions_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tests.controls.control import Scene

STORY = "suites/readiness/test_blind_spots.py"


@contextmanager
def _not_told(scene: Scene) -> Iterator[None]:
    other = scene.lab.node("node02")
    scene.ripe = lambda: sessions_of(other) == ()
    with sabotages.service_frozen(scene.lab, scene.arguments["node"].name, "confd"):
        yield


@contextmanager
def _wrong_service(scene: Scene, *, instead: str, of: str) -> Iterator[None]:
    """The check's fault hits another service than the one it names."""
    right = scene.module.ServiceFault

    def wrong(**options: Any) -> Any:
        return right(**{**options, "service": instead} if options["service"] == of else options)

    scene.patch.setattr(scene.module, "ServiceFault", wrong)
    yield


def _all_parts_down(scene: Scene) -> AbstractContextManager[None]:
    """All but Felix, which the check stops itself."""
    node = scene.arguments["node"]
    services = node.calico.run_status(["ls", ENABLED]).stdout.split()
    return sabotages.service_down(scene.lab, node.name, *(name for name in services if name != "felix"))


CONTROLS = {
    f"{STORY}::test_no_peer_at_all_is_ready": (
        Sabotage(
            "not-told",
            "confd is frozen on node01, so that its BIRD keeps its peers while the mesh is off",
            act=_not_told,
            says=r"last state: \(Session\(",
        ),
    ),
    f"{STORY}::test_a_dead_felix_is_not_ready": (
        Sabotage(
            "felix-lives",
            "confd is stopped instead of Felix",
            act=lambda scene: _wrong_service(scene, instead="confd", of="felix"),
            says="last state: ready",
        ),
        Sabotage(
            "bird-dies",
            "BIRD is stopped instead of Felix",
            act=lambda scene: _wrong_service(scene, instead="bird", of="felix"),
            says="startswith.*felix is not ready",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_a_dead_bird_is_not_ready": (
        Sabotage(
            "felix-dies",
            "Felix is stopped instead of BIRD",
            act=lambda scene: _wrong_service(scene, instead="felix", of="bird"),
            says="startswith.*querying BIRD",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_an_error_of_bird_hides_one_of_felix": (
        Sabotage(
            "felix-lives",
            "confd is frozen instead of Felix",
            act=lambda scene: _wrong_service(scene, instead="confd", of="felix"),
            says="nothing was hidden",
            patience=60.0,
        ),
    ),
    f"{STORY}::test_node_status_says_nothing_of_a_dead_felix": (
        Sabotage(
            "all-parts-down",
            "every other part of calico-node is stopped as well",
            act=_all_parts_down,
            says="process_running=False",
        ),
    ),
}
