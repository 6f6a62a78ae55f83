"""The comparison itself, with a sabotaged model in place of the real program: it finds out, and makes it small."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calicolab.calico.autodetection import Decision, decide, startup_log
from calicolab.calico.autodetection.case import decode
from calicolab.calico.autodetection.proof import generate, prove
from calicolab.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from calicolab.calico.autodetection.case import Case

VERSION = "v3.23.2"


def answering(change: Callable[[Decision], Decision]) -> Callable[[Sequence[Case]], Iterator[Decision]]:
    """A program that does what the model says, but for `change`."""
    return lambda asked: (change(decide(VERSION, one.layout, one.settings, one.stored)) for one in asked)


def test_a_program_that_does_as_the_model_says_agrees() -> None:
    proof = prove(VERSION, answering(lambda decision: decision), layouts=20, seed=7)
    assert (proof.layouts, proof.agreed, proof.disagreements) == (20, 20, ())
    assert sum(proof.outcomes.values()) == 20


@pytest.mark.parametrize(
    "other",
    [
        lambda decision: replace(decision, address="10.99.0.1/24"),
        lambda decision: replace(decision, message=f"{decision.message} at last"),
    ],
    ids=["address", "message"],
)
def test_a_program_that_does_not_is_found_out(other: Callable[[Decision], Decision]) -> None:
    def change(decision: Decision) -> Decision:
        return other(decision) if decision.outcome == "take" else decision

    proof = prove(VERSION, answering(change), layouts=20, seed=7)
    assert proof.disagreements
    assert proof.agreed == 20 - len(proof.disagreements)
    first = proof.disagreements[0]
    assert first.model.outcome == "take"
    assert len(first.case.layout.links) <= 2, "it was not made smaller"
    assert "model: take" in str(first)
    assert f"real:  take {first.real.address}" in str(first)


def test_the_command_that_replays_it_holds_the_case() -> None:
    proof = prove(VERSION, answering(lambda one: replace(one, outcome="none")), layouts=5, seed=1)
    first = proof.disagreements[0]
    words = first.command.split(" ", 5)
    assert words[:5] == ["calicolab", "autodetect", "--real", "--version", VERSION]
    assert decode(words[5].removeprefix("--layout ").strip("'")) == first.case


def test_a_seed_always_draws_the_same_and_all_different() -> None:
    drawn = generate(40, seed=3)
    assert drawn == generate(40, seed=3)
    assert drawn != generate(40, seed=4)
    assert len({repr(one.case) for one in drawn}) == 40


def test_a_node_that_cannot_be_built_here_says_nothing_about_the_model() -> None:
    def refuse(asked: Sequence[Case]) -> Iterator[Decision]:
        yield from answering(lambda decision: decision)(asked[:1])
        raise UsageError("no such interface")

    with pytest.raises(LabError, match="a made-up node cannot be built here: no such interface"):
        prove(VERSION, refuse, layouts=3, seed=1)


LOG = """\
2026-11-23 18:01:28.955 [INFO][20] startup/startup.go 552: Early log level set to info
2026-11-23 18:01:28.968 [WARNING][20] startup/winutils.go 154: error creating inClusterConfig, falling back
2026-11-23 18:01:28.968 [INFO][20] startup/startup.go 609: Initialize BGP data
2026-11-23 18:01:28.968 [INFO][20] startup/autodetection_methods.go 103: Using autodetected IPv4 address on interface \
eth0: 192.168.21.11/24
2026-11-23 18:01:28.969 [INFO][20] startup/startup.go 726: Node IPv4 changed, will check for conflicts
{more}
"""


def read(
    more: str = "", *, exit_code: int = 0, before: str = "", after: str = "192.168.21.11/24"
) -> Decision:
    return startup_log.read(LOG.format(more=more), exit_code=exit_code, before=before, after=after)


def test_a_log_of_an_address_that_was_taken() -> None:
    said = "Using autodetected IPv4 address on interface eth0: 192.168.21.11/24"
    assert read() == Decision("take", "192.168.21.11/24", "eth0", "", said)


def test_a_log_of_a_conflict() -> None:
    warning = "2026-11-23 18:01:28.969 [WARNING][20] startup/startup.go 1200:"
    more = f"{warning} Calico node 'node-1' is already using the IPv4 address 10.0.0.1."
    decision = read(more, exit_code=1, after="")
    assert (decision.outcome, decision.conflict) == ("die", "node-1")


def test_a_warning_that_nobody_expected_is_kept() -> None:
    decision = read("2026-11-23 18:01:28.969 [ERROR][20] startup/startup.go 1: Something new")
    assert decision.message.endswith("\nSomething new")


def test_a_panic_is_kept() -> None:
    assert read("panic: runtime error: index out of range", exit_code=2).message.endswith(
        "index out of range"
    )


def test_a_log_that_says_nothing_of_the_address() -> None:
    silent = "2026-11-23 18:01:28.955 [INFO][20] startup/startup.go 552: Early log level set to info"
    kept = startup_log.read(silent, exit_code=0, before="10.0.0.1/24", after="10.0.0.1/24")
    assert kept == Decision("keep", "10.0.0.1/24")
    assert startup_log.read(silent, exit_code=0, before="", after="10.0.0.1/24").outcome == "take"
    assert startup_log.read(silent, exit_code=0, before="", after="").outcome == "none"
