"""The model put beside the real program: the same made-up nodes to both, and what they do not agree on."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

#: How many draws, at most, it may take to get another case; every fifth or so comes again.
DRAWS_PER_CASE = 3
#: How often the real program is asked, at most, to make a case on which they disagree smaller.
SHRINKING = 80


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


def generate(count: int, *, seed: int, kubernetes: bool = False) -> list[Case]:
    """So many cases, all different, always the same ones for a seed and a version of hypothesis.

    Raises:
        LabError: there are not so many.
    """
    found: dict[str, Case] = {}

    def collect(case: Case) -> None:
        if len(found) < count:
            found.setdefault(encode(case), case)
        if len(found) == count:
            raise _Stopped

    try:
        _given(collect, cases(kubernetes=kubernetes), count=count, seed=seed, phases=[Phase.generate])
    except _Stopped:
        return list(found.values())
    raise LabError(f"only {len(found)} different cases were drawn, not {count}: ask for fewer")


def prove(version: str, oracle: Oracle, *, layouts: int, seed: int, kubernetes: bool = False) -> Proof:
    """Ask the model and the real program about so many made-up nodes, which are Kubernetes' or not.

    Raises:
        LabError: a case cannot be built on this machine, or the machine broke.
    """
    began = time.monotonic()
    asked = generate(layouts, seed=seed, kubernetes=kubernetes)
    outcomes: Counter[str] = Counter()
    found = []
    for case, real in zip(asked, _answers(oracle, asked), strict=True):
        outcomes["conflict" if real.conflict else real.outcome] += 1
        model = _model(version, case)
        if not agree(model, real):
            found.append(Disagreement(version, case, model, real))
    if found:
        strategy = cases(kubernetes=kubernetes)
        found[0] = _smaller(oracle, found[0], strategy, known=asked, seed=seed)
    return Proof(
        version=version,
        seed=seed,
        layouts=len(asked),
        agreed=len(asked) - len(found),
        seconds=time.monotonic() - began,
        disagreements=tuple(found),
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
    oracle: Oracle, first: Disagreement, strategy: SearchStrategy[Case], *, known: Sequence[Case], seed: int
) -> Disagreement:
    """Let hypothesis shrink the first disagreement, with some patience; the cases before it are known to agree."""
    fine = {encode(case) for case in known}
    fine.discard(encode(first.case))
    smallest = first
    left = SHRINKING
    verdicts: dict[str, Disagreement | None] = {encode(first.case): first}

    def check(case: Case) -> None:
        nonlocal smallest, left
        written = encode(case)
        if written not in verdicts:
            if written in fine or left == 0:
                return
            left -= 1
            verdicts[written] = _ask(first.version, oracle, case)
        verdict = verdicts[written]
        if verdict is not None:
            smallest = verdict
            raise _Stopped

    try:
        _given(check, strategy, count=len(known), seed=seed, phases=[Phase.generate, Phase.shrink])
    except _Stopped:
        return smallest
    return first


class _Stopped(Exception):
    """What tells hypothesis that this case is it: the last one wanted, or one to make smaller."""


def _ask(version: str, oracle: Oracle, case: Case) -> Disagreement | None:
    try:
        (real,) = oracle([case])
        model = _model(version, case)
    except UsageError:
        return None  # what shrinking made of it cannot be
    return None if agree(model, real) else Disagreement(version, case, model, real)


def _given(
    check: Callable[[Case], None],
    strategy: SearchStrategy[Case],
    *,
    count: int,
    seed: int,
    phases: Sequence[Phase],
) -> None:
    """Run `check` on `count` cases of a seed, as hypothesis does with a test."""
    limits = hypothesis.settings(
        max_examples=DRAWS_PER_CASE * count + 100,
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
