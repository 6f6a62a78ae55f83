"""The controls of suites/autodetection/test_model.py: a model that is wrong in one thing is found out.

What is guarded here is the model's own truth, so it is the model that is sabotaged, not Calico.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

from calicolab.calico.autodetection import interfaces, methods, proof, reach, rules, startup
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.controls.control import Scene

#: A sabotaged check need not find the smallest layout that shows it.
SHRINKING = 3
FOUND_OUT = r"calicolab autodetect --real --version"


def _wrong(module: Any, name: str, thing: object) -> Callable[[Scene], AbstractContextManager[object]]:
    """Replace one thing of the model."""

    def act(scene: Scene) -> AbstractContextManager[object]:
        scene.patch.setattr(proof, "SHRINKING", SHRINKING)
        scene.patch.setattr(module, name, thing)
        return nullcontext()

    return act


def _patterns_of_the_other_era(version: str) -> rules.Rules:
    """A version's rules, but the names that it passes over are those of v3.24 and older, or else of v3.25 and newer."""
    own, oldest, newest = rules.rules_of(version), rules.HISTORY[0][1], rules.HISTORY[-1][1]
    return replace(own, excluded=newest.excluded if own.excluded == oldest.excluded else oldest.excluded)


def _noted_nothing(question: Any) -> Any:
    settings = replace(question.settings, kubernetes_internal_ip=None)
    return methods._kubernetes_internal_ip(replace(question, settings=settings))


_ASKING_NOBODY = {**methods._METHODS, methods.KUBERNETES_INTERNAL_IP: _noted_nothing}
_BOTH = (
    Sabotage(
        "conflicts-not-seen",
        "the model does not know that two nodes cannot have the same address",
        act=_wrong(startup._Startup, "_nodes_with", lambda *_: []),
        says=r"conflict with ",
    ),
)

CONTROLS = {
    "suites/autodetection/test_model.py::test_the_model_and_calico_node_agree": (
        Sabotage(
            "oldest-first",
            "the model looks through the interfaces from the lowest index up",
            act=_wrong(
                interfaces, "newest_first", lambda layout: sorted(layout.links, key=lambda link: link.index)
            ),
            says=FOUND_OUT,
        ),
        Sabotage(
            "names-of-the-other-era",
            "the model passes over the names that v3.25 began to pass over, on older versions, and the other way round",
            act=_wrong(startup, "rules_of", _patterns_of_the_other_era),
            says=FOUND_OUT,
        ),
        *_BOTH,
        Sabotage(
            "routes-not-looked-at",
            "the model thinks that the kernel sends everything from 127.0.0.1, for can-reach",
            act=_wrong(reach, "source_for", lambda *_: IPv4Address("127.0.0.1")),
            says=r"127\.0\.0\.1/8, detected by connecting to",
        ),
    ),
    "suites/autodetection/test_model.py::test_they_agree_on_kubernetes_internal_ip": (
        Sabotage(
            "nothing-noted",
            "the model thinks that the kubelet has noted no address",
            act=_wrong(methods, "_METHODS", _ASKING_NOBODY),
            says=r"Unable to parse CIDR",
        ),
        *_BOTH,
    ),
}
