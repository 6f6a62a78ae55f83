"""Labs: where real Calico runs. Each is a folder of its own behind the protocols of `base`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Protocol

from calicolab.errors import UsageError
from calicolab.labs.asked import Asked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.progress import Progress
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.base import Lab

__all__ = ["KINDS", "Asked", "Making", "create", "making"]

#: Each kind of lab, and the module that makes it. None is imported before it is asked for.
KINDS = {"netns": "calicolab.labs.netns.making", "kind": "calicolab.labs.kind.making"}


class Making(Protocol):
    """How the labs of one kind are made, and found again when they stand by themselves."""

    #: What such a lab cannot do that others can, and why.
    CANNOT: Mapping[str, str]

    def create(self, asked: Asked, *, timeline: Timeline, report: Progress, standing: bool = False) -> Lab:
        """A lab that is not yet up; what it needs is built and verified.

        Args:
            asked: what it should be.
            timeline: where the lab notes its events.
            report: told what is built.
            standing: whether it outlives this process.

        Raises:
            UsageError: it cannot be as asked for.
            ArtifactError: a program could not be had.
        """

    def build(self, asked: Sequence[Asked], *, report: Progress) -> None:
        """Have all that these labs need built and verified, so that `create` finds it; errors as of that."""

    def attach(self, handle: Mapping[str, Any], lab: Lab) -> None:
        """Let `lab`, created and not up, be the one that stands already; leaving it does not end that one."""

    def handle(self, lab: Lab) -> dict[str, Any]:
        """What a standing lab is found again by; it survives being written as JSON."""

    def made_of(self, lab: Lab) -> dict[str, str]:
        """What decides whether a standing lab is still the one that would be made now."""

    def alive(self, handle: Mapping[str, Any]) -> bool:
        """Whether it still stands."""

    def end(self, handle: Mapping[str, Any]) -> None:
        """End it; nothing of it is left."""

    def reap(self) -> list[str]:
        """End what dead runs left behind, and say what that was."""


def making(kind: str) -> Making:
    """How labs of `kind` are made.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no lab of kind {kind!r} yet: the labs are {', '.join(KINDS)}")
    module: Making = importlib.import_module(KINDS[kind])
    return module


def create(asked: Asked, *, timeline: Timeline, report: Progress, standing: bool = False) -> Lab:
    """Return a lab that is not yet up; arguments and errors as `Making.create`.

    Raises:
        UsageError: there is no such kind of lab, or it cannot be as asked for.
        ArtifactError: a program could not be had.
    """
    return making(asked.kind).create(asked, timeline=timeline, report=report, standing=standing)
