"""Positive controls: every check is seen red under a sabotage before it runs for real.

    pytest suites/founding suites/readiness --calico v3.23.2,v3.31.0 -p tests.controls.plugin

The sabotages are data (tests/controls/table.py, or another module by --controls). A check that cannot fail is
inconclusive, however it ends: its verdict is worth nothing. A check without a control stops the run.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from calicolab.errors import LabError
from calicolab.evidence.timeline import Timeline
from calicolab.wait import WaitTimeout, wait_for
from fixtures.checks import check_of
from tests.controls.control import ControlError, Outcome, run_sabotaged
from tests.controls.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from _pytest.terminal import TerminalReporter

    from tests.controls.control import Sabotage

TABLE = "tests.controls.table"
#: Seconds for a lab to settle before a sabotage, and to be as it was after it; on a busy machine too.
SETTLE_TIMEOUT = 120.0
#: A report's property: crosses from a worker of pytest-xdist.
PROPERTY = "control"


class State(Protocol):
    """How a lab stands."""

    @property
    def settled(self) -> bool:
        """Whether it has got to where it is going."""

    def same_as(self, other: Any) -> bool:
        """Whether it is as `other`."""


@dataclass
class NoLab:
    """Stands in for the lab of a check that needs none: there is nothing to settle, and nothing to be as it was."""

    timeline: Timeline = field(default_factory=Timeline)


class Table(Protocol):
    """What the module of --controls has."""

    #: The sabotages of each check, by its id without the lab and without parameters.
    CONTROLS: Mapping[str, tuple[Sabotage, ...]]

    def look(self, lab: Any) -> State:
        """How a lab stands now, in all that a sabotage may change."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --controls."""
    group = parser.getgroup("calico-conformance")
    group.addoption("--controls", metavar="MODULE", default=TABLE, help=f"the sabotages (default: {TABLE})")


def _table(config: pytest.Config) -> Table:
    table: Table = importlib.import_module(config.getoption("controls"))
    return table


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Stop the run when a check has no control."""
    controls = _table(config).CONTROLS
    ids = dict.fromkeys(check.id for item in items if (check := check_of(item)) is not None)
    without = [check for check in ids if not _sabotages(controls, check)]
    if without:
        raise pytest.UsageError(
            f"no control for {', '.join(without)}: add a sabotage that turns it red (docs/controls.md)"
        )


def _sabotages(controls: Mapping[str, tuple[Sabotage, ...]], check: str) -> tuple[Sabotage, ...]:
    """The sabotages of a check: those of its function, less those that are for other parameters only."""
    function, _, parameters = check.partition("[")
    return tuple(
        sabotage
        for sabotage in controls.get(function, ())
        if not sabotage.only or parameters.removesuffix("]") in sabotage.only
    )


@pytest.fixture(autouse=True)
def note_controls(request: pytest.FixtureRequest) -> Callable[[str, object], None] | None:
    """Notes what the controls came to among the check's facts; None for what is no check."""
    if check_of(request.node) is None:
        return None
    note: Callable[[str, object], None] = request.getfixturevalue("facts")
    return note


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run the check's controls, and then the check."""
    check = check_of(pyfuncitem)
    if check is None:
        return (yield)
    table = _table(pyfuncitem.config)
    outcomes: list[Outcome] = []
    real = Waits()
    try:
        for outcome in _controls(pyfuncitem, _sabotages(table.CONTROLS, check.id), look=table.look):
            outcomes.append(outcome)  # noqa: PERF402 - those before one that breaks are to be known
        with pytest.MonkeyPatch.context() as patch:
            if hasattr(pyfuncitem.module, "wait_for"):
                patch.setattr(pyfuncitem.module, "wait_for", real.timed())
            result = yield
    finally:
        for outcome in outcomes:
            outcome.compare(real)
            pyfuncitem.user_properties.append((PROPERTY, {"check": pyfuncitem.nodeid, **outcome.to_facts()}))
        note: Any = pyfuncitem.funcargs["note_controls"]
        note("controls", [outcome.to_facts() for outcome in outcomes])
    _refuse_what_cannot_fail(pyfuncitem.name, outcomes)
    return result


def _controls(
    item: pytest.Function, sabotages: tuple[Sabotage, ...], *, look: Callable[[Any], State]
) -> Iterator[Outcome]:
    """What comes of each control; the lab has settled before it and is as it was after it.

    Raises:
        LabError: it does not settle, or something of a sabotage is left.
    """
    lab: Any = item.funcargs.get("lab")
    arguments = {name: item.funcargs[name] for name in inspect.signature(item.function).parameters}
    if lab is None:
        for sabotage in sabotages:
            yield run_sabotaged(item.function, sabotage, lab=NoLab(), module=item.module, arguments=arguments)
        return
    before = _wait_for_state(lab, look, lambda state: state.settled, what="settle before its controls")
    for sabotage in sabotages:
        if not sabotage.is_for(lab.calico_version):
            continue
        lab.timeline.add("control", lab=lab.id, detail=sabotage.name)
        yield run_sabotaged(item.function, sabotage, lab=lab, module=item.module, arguments=arguments)
        _wait_for_state(
            lab,
            look,
            lambda state: state.settled and state.same_as(before),
            what=f"get back from {sabotage.name} to {before}",
        )


def _wait_for_state(
    lab: Any, look: Callable[[Any], State], until: Callable[[State], bool], *, what: str
) -> State:
    try:
        return wait_for(lambda: look(lab), until=until, timeout=SETTLE_TIMEOUT, interval=0.1)
    except WaitTimeout as error:
        raise LabError(f"control: the lab did not {what}: {error}") from error


def _refuse_what_cannot_fail(name: str, outcomes: list[Outcome]) -> None:
    green = [outcome for outcome in outcomes if not outcome.red]
    if green:
        raise ControlError(
            "\n".join(
                f"control: {name} cannot fail under {outcome.sabotage.name} ({outcome.sabotage.sentence}): "
                f"it {outcome.said}"
                for outcome in green
            )
        )


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say of each control what the check said, and how many turned red."""
    controls = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in getattr(report, "user_properties", ())
        if name == PROPERTY
    ]
    if not controls:
        return
    red = sum(control["red"] for control in controls)
    terminalreporter.write_sep("=", "controls")
    for control in controls:
        colour = {"green": True} if control["red"] else {"red": True}
        terminalreporter.write_line(f"{control['check']}", bold=True)
        terminalreporter.write_line(f"    {control['sabotage']}: {control['sentence']}")
        terminalreporter.write_line(
            f"    {'red' if control['red'] else 'NOT RED'}: {control['said']}", **colour
        )
    seconds = sum(control["seconds"] for control in controls)
    terminalreporter.write_line(f"controls: {red} of {len(controls)} turned red, in {seconds:.0f} s")
