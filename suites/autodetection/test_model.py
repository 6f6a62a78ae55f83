"""The model that says which address calico-node takes, beside calico-node itself, on nodes that nobody thought of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.calico.autodetection import proof
from calicolab.evidence.signoff import MODEL, ModelFact

if TYPE_CHECKING:
    from calicolab.labs.netns.startup import StartupRig
    from fixtures.evidence import FactRecorder


def test_the_model_and_calico_node_agree(
    startup_rig: StartupRig, layouts: int, seed: int, facts: FactRecorder
) -> None:
    """On made-up nodes the model and the real `calico-node -startup` do the same, in the same words.

    Interfaces, addresses, routes, settings and what is stored are drawn by hypothesis; a seed always draws the same.
    What they do not agree on is wrong in the model or a surprise of Calico's; the command that replays it is shown.
    """
    found = proof.prove(startup_rig.version, startup_rig.answers, layouts=layouts, seed=seed)
    facts(
        MODEL,
        ModelFact(
            layouts=found.layouts,
            agreed=found.agreed,
            seed=found.seed,
            seconds=found.seconds,
            disagreements=[str(one) for one in found.disagreements],
        ),
    )
    facts("outcomes", found.outcomes)
    assert found.layouts == layouts
    assert not found.disagreements, "\n\n".join(map(str, found.disagreements))
