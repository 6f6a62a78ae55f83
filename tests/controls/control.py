"""A control: a check's body is run once with what it guards taken away, and must turn red by its own assertion."""

from __future__ import annotations

import re
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from calicolab import wait
from calicolab.evidence.timeline import Timeline
from tests.controls.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import ModuleType

#: Seconds that a wait of a sabotaged check lasts, unless its sabotage says otherwise. What the checks wait for in a lab
#: that has settled takes a tenth of it.
PATIENCE = 2.0
#: Characters of what a check said that the summary shows.
SAID_LIMIT = 200


class ControlError(Exception):
    """A check was not shown to be able to fail: what it says of Calico is worth nothing."""


@dataclass
class Scene:
    """A check that is about to be run under a sabotage; a sabotage may change all of it."""

    lab: Any
    #: The module that the check stands in.
    module: ModuleType
    #: What the check is called with, by the names of its arguments.
    arguments: dict[str, Any]
    #: Undone when the sabotage is.
    patch: pytest.MonkeyPatch
    #: Evidence that what the check waits for would be there by now, had it not been sabotaged. A sabotage that sets it
    #: needs no patience to be fair; without it, the check's wait for real must not be longer than it was here.
    ripe: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Sabotage:
    """What a check guards is taken away."""

    #: Short, such as "felix-down".
    name: str
    #: What is done, as a sentence.
    sentence: str
    #: Does it to a scene, and undoes it on the way out.
    act: Callable[[Scene], AbstractContextManager[object]]
    #: A regular expression that the check's own words must match: that it is red for this reason and no other.
    says: str
    #: Seconds that each of its waits lasts; as long as `ripe` is set and does not hold, longer.
    patience: float = PATIENCE
    #: Of a check with parameters those that it is for, such as ("interface",); all when empty.
    only: tuple[str, ...] = ()
    #: The versions of Calico that it is for, such as ">=3.29"; all when empty.
    versions: str = ""

    def is_for(self, version: str) -> bool:
        """Whether it turns the check red on this version of Calico."""
        return SpecifierSet(self.versions).contains(Version(version.removeprefix("v")), prereleases=True)


@dataclass
class Outcome:
    """What came of one control."""

    sabotage: Sabotage
    #: Whether the check turned red by its own assertion, for the right reason.
    red: bool
    #: What the check said, or why it was not red, in a line.
    said: str
    seconds: float
    waits: Waits

    def compare(self, real: Waits) -> None:
        """Call it not red after all when the wait that was given up takes as long for real."""
        needed = self.waits.unfair_to(real)
        if self.red and needed is not None:
            given, took = needed
            self.red = False
            self.said = (
                f"was given up after {given.seconds:.1f} s and {given.polls} polls, but for real that wait took "
                f"{took.seconds:.1f} s and {took.polls} polls: more patience is needed, or a quieter machine"
            )

    def to_facts(self) -> dict[str, object]:
        """Itself as results.json can hold it."""
        return {
            "sabotage": self.sabotage.name,
            "sentence": self.sabotage.sentence,
            "red": self.red,
            "said": self.said,
            "seconds": round(self.seconds, 2),
        }


def run_sabotaged(
    check: Callable[..., object],
    sabotage: Sabotage,
    *,
    lab: Any,
    module: ModuleType,
    arguments: dict[str, Any],
) -> Outcome:
    """Run the body of `check` under `sabotage`, undo all that either did, and say what came of it.

    Nothing of it gets into the report: what the check records is thrown away, and the lab notes its events on a time
    line of its own.

    Raises:
        CalicolabError: the sabotage could not be done or undone.
    """
    started = time.monotonic()
    waits = Waits()
    told, lab.timeline = lab.timeline, Timeline(started=lab.timeline.started)
    try:
        with ExitStack() as undo:
            patch = undo.enter_context(pytest.MonkeyPatch.context())
            scene = Scene(lab=lab, module=module, arguments=_without_records(arguments), patch=patch)
            # Nobody reads whether it would have come true late.
            patch.setattr(wait, "GRACE_LIMIT", 0.0)
            if hasattr(module, "wait_for"):
                patch.setattr(module, "wait_for", waits.impatient(sabotage.patience, ripe=lambda: scene.ripe))
            faults = _Faults(lab)
            if "inject" in arguments:
                scene.arguments["inject"] = faults.inject
            undo.enter_context(sabotage.act(scene))
            undo.enter_context(faults.stack)
            red, said = _judge(check, sabotage, scene)
    finally:
        lab.timeline = told
    return Outcome(sabotage, red, said, time.monotonic() - started, waits)


@dataclass
class _Faults:
    """Stands in for the fixture `inject`: its faults are healed at the end of the control, not of the story."""

    lab: Any
    stack: ExitStack = field(default_factory=ExitStack)

    def inject(self, fault: Any) -> Any:
        self.stack.enter_context(self.lab.fault(fault))
        return fault


def _without_records(arguments: dict[str, Any]) -> dict[str, Any]:
    recorders = ("facts", "phase", "steps")
    return {name: _forget if name in recorders else value for name, value in arguments.items()}


def _forget(*_: object, **__: object) -> None:
    """Stands in for a recorder."""


def _judge(check: Callable[..., object], sabotage: Sabotage, scene: Scene) -> tuple[bool, str]:
    """Whether the check turns red by its own assertion for the right reason, and what it or we have to say."""
    try:
        check(**scene.arguments)
    except (AssertionError, pytest.fail.Exception) as error:
        said = str(error) or "an assertion without a message"
        match = re.search(sabotage.says, said)
        if not _is_its_own(error, scene.module):
            return False, f"an assertion elsewhere did not hold: {_line(said, 0)}"
        if match is None:
            return False, f"was red without saying {sabotage.says!r}: {' / '.join(said.splitlines())[:1000]}"
        return True, _line(said, match.start())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no assertion: that is what is reported
        return False, f"was not asked: {type(error).__name__}: {' / '.join(str(error).splitlines())[:1000]}"
    return False, "passed"


def _is_its_own(error: BaseException, module: ModuleType) -> bool:
    """Whether the assertion stands in the check's own folder, or is that of its wait."""
    innermost = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(innermost).parent == Path(str(module.__file__)).parent or innermost == wait.__file__


def _line(text: str, position: int) -> str:
    """The line of `text` that `position` is in."""
    begin = text.rfind("\n", 0, position) + 1
    line = text[begin:].partition("\n")[0].strip()
    return line if len(line) <= SAID_LIMIT else f"{line[:SAID_LIMIT]}..."
