"""The model put beside the real program: the same made-up nodes to both, and what they do not agree on."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import hypothesis
from hypothesis import HealthCheck, Phase, given

from calicolab.calico.autodetection.case import Case, encode
from calicolab.calico.autodetection.comparison import agree, said
from calicolab.calico.autodetection.startup import decide
from calicolab.calico.autodetection.strategies import cases
from calicolab.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from calicolab.calico.autodetection.facts import Decision

    #: Answers as the real program does, to each case in order.
    Oracle = Callable[[Sequence[Case]], Iterator[Decision]]

#: How often the real program is asked, at most, to make a case on which they disagree smaller.
SHRINKING = 80


class RealProgram(Protocol):
    """Whatever answers as calico-node of one version does."""

    version: str

    def answers(self, cases: Sequence[Case]) -> Iterator[Decision]:
        """What it does in each of these cases, in their order."""


@dataclass(frozen=True)
class Disagreement:
    """A case in which the model is wrong, or Calico does what nobody wrote down."""

    version: str
    case: Case
    model: Decision
    real: Decision

    @property
    def command(self) -> str:
        """What replays it."""
        return shlex.join(
            ["calicolab", "autodetect", "--real", "--version", self.version, "--layout", encode(self.case)]
        )

    def __str__(self) -> str:
        return f"{self.command}\nmodel: {said(self.model)}\nreal:  {said(self.real)}"


@dataclass(frozen=True)
class Proof:
    """How the two compare on many cases. `seconds` is the wall time of all of it."""

    version: str
    seed: int
    layouts: int
    agreed: int
    seconds: float
    #: The first one is as small as it could be made.
    disagreements: tuple[Disagreement, ...]
    #: How many cases came to each end in the real program: "take", "keep", "none", "die" and "conflict".
    outcomes: Mapping[str, int]


@dataclass(frozen=True)
class Drawn:
    """A made-up node, and the seed that draws it alone."""

    case: Case
    seed: int


def generate(count: int, *, seed: int, kubernetes: bool = False) -> list[Drawn]:
    """So many cases, all different, always the same ones for a seed and a version of hypothesis.

    Each is drawn by itself: one after the other, hypothesis makes most of them by changing a little of the one before.
    """
    strategy = cases(kubernetes=kubernetes)
    found: dict[str, Drawn] = {}
    number = 0
    while len(found) < count:
        number += 1
        own_seed = (seed << 32) + number
        drawn: list[Case] = []
        _given(drawn.append, strategy, seed=own_seed, phases=[Phase.generate])
        found.setdefault(encode(drawn[-1]), Drawn(drawn[-1], own_seed))
    return list(found.values())


def prove(version: str, oracle: Oracle, *, layouts: int, seed: int, kubernetes: bool = False) -> Proof:
    """Ask the model and the real program about so many made-up nodes, which are Kubernetes' or not.

    Raises:
        LabError: a case cannot be built on this machine, or the machine broke.
    """
    began = time.monotonic()
    asked = generate(layouts, seed=seed, kubernetes=kubernetes)
    outcomes: Counter[str] = Counter()
    found: list[tuple[Drawn, Disagreement]] = []
    for drawn, real in zip(asked, _answers(oracle, [one.case for one in asked]), strict=True):
        outcomes["conflict" if real.conflict else real.outcome] += 1
        model = _model(version, drawn.case)
        if not agree(model, real):
            found.append((drawn, Disagreement(version, drawn.case, model, real)))
    disagreements = [disagreement for _, disagreement in found]
    if found:
        drawn, first = found[0]
        disagreements[0] = _smaller(oracle, first, cases(kubernetes=kubernetes), seed=drawn.seed)
    return Proof(
        version=version,
        seed=seed,
        layouts=len(asked),
        agreed=len(asked) - len(found),
        seconds=time.monotonic() - began,
        disagreements=tuple(disagreements),
        outcomes=dict(sorted(outcomes.items())),
    )


def _model(version: str, case: Case) -> Decision:
    return decide(version, case.layout, case.settings, case.stored)


def _answers(oracle: Oracle, asked: Sequence[Case]) -> Iterator[Decision]:
    try:
        yield from oracle(asked)
    except UsageError as error:
        raise LabError(f"a made-up node cannot be built here: {error}") from error


def _smaller(
    oracle: Oracle, first: Disagreement, strategy: SearchStrategy[Case], *, seed: int
) -> Disagreement:
    """Let hypothesis shrink a disagreement that this seed draws, with some patience."""
    smallest = first
    left = SHRINKING
    verdicts: dict[str, Disagreement | None] = {encode(first.case): first}

    def check(case: Case) -> None:
        nonlocal smallest, left
        written = encode(case)
        if written not in verdicts:
            if left == 0:
                return
            left -= 1
            verdicts[written] = _ask(first.version, oracle, case)
        verdict = verdicts[written]
        if verdict is not None:
            smallest = verdict
            raise _Stopped

    try:
        _given(check, strategy, seed=seed, phases=[Phase.generate, Phase.shrink])
    except _Stopped:
        return smallest
    return first


class _Stopped(Exception):
    """What tells hypothesis that this is a case to make smaller."""


def _ask(version: str, oracle: Oracle, case: Case) -> Disagreement | None:
    try:
        (real,) = oracle([case])
        model = _model(version, case)
    except UsageError:
        return None  # what shrinking made of it cannot be
    return None if agree(model, real) else Disagreement(version, case, model, real)


def _given(
    check: Callable[[Case], None], strategy: SearchStrategy[Case], *, seed: int, phases: Sequence[Phase]
) -> None:
    """Run `check` on the plainest case there is and on the one that a seed draws, as hypothesis does with a test."""
    limits = hypothesis.settings(
        max_examples=2,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )

    @hypothesis.seed(seed)
    @limits
    @given(strategy)
    def run(case: Case) -> None:
        check(case)

    run()
