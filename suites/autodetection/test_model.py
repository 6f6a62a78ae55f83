"""The model that says which address calico-node takes, beside calico-node itself, on nodes that nobody thought of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico.autodetection import proof
from calicolab.evidence.signoff import MODEL, ModelFact

if TYPE_CHECKING:
    from calicolab.calico.autodetection.proof import Proof, RealProgram
    from fixtures.evidence import FactRecorder


def test_the_model_and_calico_node_agree(
    startup_rig: RealProgram, layouts: int, seed: int, facts: FactRecorder
) -> None:
    """On made-up nodes the model and the real `calico-node -startup` do the same, in the same words.

    Interfaces, addresses, routes, settings and what is stored are drawn by hypothesis; a seed always draws the same.
    What they do not agree on is wrong in the model or a surprise of Calico's; the command that replays it is shown.
    """
    found = proof.prove(startup_rig.version, startup_rig.answers, layouts=layouts, seed=seed)
    _note(found, facts)
    assert found.layouts == layouts
    assert not found.disagreements, "\n\n".join(map(str, found.disagreements))


@pytest.mark.needs(
    "kubernetes", reason="calico-node asks a kube-apiserver, which is built for such a lab only"
)
def test_they_agree_on_kubernetes_internal_ip(
    kubernetes_rig: RealProgram, layouts: int, seed: int, facts: FactRecorder
) -> None:
    """The same where calico-node asks Kubernetes which address the kubelet has noted.

    The kube-apiserver is the real one, beside calico-node on a machine of its own; the lab's is left alone.
    """
    found = proof.prove(
        kubernetes_rig.version, kubernetes_rig.answers, layouts=layouts, seed=seed, kubernetes=True
    )
    _note(found, facts)
    assert found.layouts == layouts
    assert not found.disagreements, "\n\n".join(map(str, found.disagreements))


def _note(found: Proof, facts: FactRecorder) -> None:
    fact = ModelFact(
        layouts=found.layouts,
        agreed=found.agreed,
        seed=found.seed,
        seconds=found.seconds,
        disagreements=[str(one) for one in found.disagreements],
    )
    facts(MODEL, fact)
    facts("outcomes", found.outcomes)
