"""The controls of suites/connectivity: Kubernetes' own tests, what they say during the fault, and the policy demo."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calicolab.connectivity.e2e import SpecResult
from calicolab.connectivity.policy_demo import CLIENT, FRONTEND, SHOP
from calicolab.faults.cures import CorrectNodeAddress
from tests.controls import sabotages
from tests.controls.common import BIG_PACKETS_LOST, SESSION_OFF, UDP_LOST
from tests.controls.control import Sabotage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.connectivity.e2e_specs import Spec
    from tests.controls.control import Scene

BEFORE_AND_AFTER = "suites/connectivity/test_before_and_after.py"
DURING = "suites/connectivity/test_during.py"
POLICY_DEMO = "suites/connectivity/test_policy_demo.py"


class _Told:
    """Stands in for the official tests: says what it is told to. That they do fail is seen in test_during.py."""

    def __init__(self, outcome: Any, output: str = "") -> None:
        self._outcome, self._output = outcome, output

    def result(self, phase: str, spec: Spec) -> SpecResult:
        return SpecResult(
            spec,
            self._outcome,
            state=self._outcome,
            seconds=1.0,
            message=f"told so {phase}",
            output=self._output,
        )

    def alone(self, spec: Spec, **_: object) -> SpecResult:
        return self.result("alone", spec)


def _keep_no_evidence(scene: Scene) -> None:
    """What a sabotaged check keeps is not to stand among what the real one keeps; not every check keeps some."""
    if "evidence" in scene.arguments:
        scene.arguments["evidence"] = sabotages.nothing


def _told(outcome: str, output: str = "") -> Callable[[Scene], Any]:
    @contextmanager
    def act(scene: Scene) -> Iterator[None]:
        scene.arguments["official"] = _Told(outcome, output)
        _keep_no_evidence(scene)
        yield

    return act


@contextmanager
def _kept_off(scene: Scene) -> Iterator[None]:
    taint = "taint node.kubernetes.io/network-unavailable:NoSchedule"
    with pytest.MonkeyPatch.context() as patch, _told("passed")(scene):
        patch.setattr(scene.lab.kubernetes, "keeps_pods_off", lambda _: (taint,))
        yield


@contextmanager
def _cured_afterwards(scene: Scene) -> Iterator[None]:
    """What the check takes is given back: the fault that it injects is healed for us, the address is not."""
    _keep_no_evidence(scene)
    try:
        yield
    finally:
        incident = scene.arguments["incident"]
        incident.bridge.heal(scene.lab)
        CorrectNodeAddress(node=incident.faulty.name, address=incident.right_address).apply(scene.lab)


@contextmanager
def _routes_by_hand(scene: Scene) -> Iterator[None]:
    with _cured_afterwards(scene), sabotages.routes_by_hand(scene.lab, "node01", "node02"):
        yield


@contextmanager
def _others_cut_too(scene: Scene) -> Iterator[None]:
    with _cured_afterwards(scene), UDP_LOST.act(scene):
        yield


@contextmanager
def _passed_over(scene: Scene) -> Iterator[None]:
    """The bridge has the address of nothing that autodetection takes."""
    bridge = replace(scene.arguments["incident"].bridge, bridge="docker0")
    scene.arguments["incident"] = replace(scene.arguments["incident"], bridge=bridge)
    with _cured_afterwards(scene):
        yield


@contextmanager
def _not_corrected(scene: Scene) -> Iterator[None]:
    scene.patch.setattr(CorrectNodeAddress, "apply", sabotages.nothing)
    _keep_no_evidence(scene)
    try:
        yield
    finally:
        # The check has taken the bridge away: for the real one it has to be there again.
        incident = scene.arguments["incident"]
        if incident.bridge.healed(scene.lab):
            incident.bridge.inject(scene.lab)


@contextmanager
def _policy_missing(scene: Scene) -> Iterator[None]:
    """The policies of this step are not applied."""
    demo = scene.arguments["demo"]
    _keep_no_evidence(scene)
    scene.patch.setattr(demo, "take", sabotages.nothing)
    scene.patch.setattr(demo, "withdraw", sabotages.nothing)
    step = scene.arguments.get("step")
    if step is not None and not step.policies:  # nothing is missing where nothing comes: one too many, then
        with _policy_too_many(scene):
            yield
    else:
        yield


@contextmanager
def _policy_too_many(scene: Scene) -> Iterator[None]:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "control", "namespace": SHOP},
        "spec": {"podSelector": {"matchLabels": {"role": FRONTEND}}, "policyTypes": ["Ingress"]},
    }
    scene.lab.kubernetes.apply([policy])
    try:
        yield
    finally:
        scene.lab.kubernetes.delete([policy])


_FAILED = Sabotage("told-failed", "e2e.test says that the spec failed", act=_told("failed"), says="told so")
_CUT = (
    Sabotage(
        "routes-by-hand",
        "node01 and node02 have routes to each other's pod that are not BGP's, so node02's is not cut off",
        act=_routes_by_hand,
        says="last state: (?!.*pod-node01 -> pod-node02 )pod-",
        patience=60.0,
    ),
    Sabotage(
        "others-cut-too",
        "datagrams from node01's pod to node03's, neither of them faulty, are dropped",
        act=_others_cut_too,
        says="last state: .*pod-node01 -> pod-node03 udp",
        patience=60.0,
    ),
    Sabotage(
        "passed-over",
        "the bridge is called docker0, a name that autodetection passes over",
        act=_passed_over,
        says=r"last state: .*'node02': '192\.168\.\d+\.\d+/24'",
        patience=20.0,
    ),
)
_NOT_CORRECTED = Sabotage(
    "not-corrected",
    "the address is not corrected",
    act=_not_corrected,
    says="stranger: ",
    patience=8.0,
)

CONTROLS = {
    f"{BEFORE_AND_AFTER}::test_the_mesh_is_established": (SESSION_OFF,),
    f"{BEFORE_AND_AFTER}::test_it_passes_before": (_FAILED,),
    f"{BEFORE_AND_AFTER}::test_a_bridge_cuts_off_a_node": _CUT,
    f"{BEFORE_AND_AFTER}::test_the_cure_brings_the_mesh_back": (_NOT_CORRECTED,),
    f"{BEFORE_AND_AFTER}::test_it_passes_after": (_FAILED,),
    f"{DURING}::test_every_pod_reaches_every_other": (SESSION_OFF, UDP_LOST, BIG_PACKETS_LOST),
    f"{DURING}::test_just_the_faulty_nodes_pods_are_cut_off": _CUT,
    f"{DURING}::test_an_official_test_fails": (
        Sabotage(
            "told-passed",
            "e2e.test says that the spec passed",
            act=_told("passed", "Waiting for responses: map[netserver-0:{}]"),
            says="must not pass while node02 is cut off",
        ),
        Sabotage(
            "told-failed-otherwise",
            "e2e.test says that the spec failed, and nothing of an endpoint that is not reached",
            act=_told("failed", "etcdserver: request timed out"),
            says="for another reason",
        ),
        Sabotage(
            "pods-kept-off",
            "Kubernetes places no pods on node02, so that the spec would pass without it",
            act=_kept_off,
            says="taint node.kubernetes.io/network-unavailable:NoSchedule",
        ),
    ),
    f"{DURING}::test_it_passes_once_the_fault_is_cured": (_NOT_CORRECTED,),
    f"{POLICY_DEMO}::test_who_reaches_whom": (
        Sabotage(
            "policy-missing",
            "the policies of this step are not applied; in the first, which has none, the frontend is shut",
            act=_policy_missing,
            says="last state: ",
            patience=5.0,
        ),
    ),
    f"{POLICY_DEMO}::test_without_policies_all_is_open_again": (
        Sabotage(
            "policies-stay",
            "the policies are not withdrawn",
            act=_policy_missing,
            says=f"last state: .*{CLIENT} -> ",
            patience=5.0,
        ),
    ),
}
