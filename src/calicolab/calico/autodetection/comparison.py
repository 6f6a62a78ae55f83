"""Whether two decisions are the same, and how one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calicolab.calico.autodetection.facts import Decision


def agree(model: Decision, real: Decision) -> bool:
    """Whether they are the same, word for word. The program's words name the interface; where not, nothing does."""
    return (model.outcome, model.address, model.conflict, model.message) == (
        real.outcome,
        real.address,
        real.conflict,
        real.message,
    )


def said(decision: Decision) -> str:
    """A decision in a line, and a line for each that is logged."""
    words = [decision.outcome, decision.address]
    words += [f"on {decision.interface}"] if decision.interface else []
    words += [f"conflict with {decision.conflict}"] if decision.conflict else []
    lines = [f"       | {line}" for line in decision.message.splitlines()]
    return "\n".join([" ".join(filter(None, words)), *lines])
