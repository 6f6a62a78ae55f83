"""The plugin in a run: every check is seen red first, and what cannot be is inconclusive."""

from __future__ import annotations

import pytest

from tests.controls import plugin
from tests.fixtures.project import Project

pytest_plugins = "pytester"

STORY = """
from calicolab.wait import wait_for

def test_healthy(lab, phase, facts):
    wait_for(lab.mesh, until=lambda mesh: mesh.is_full, timeout=20)
    phase("before")
    facts("broken", lab.broken)
    assert len(lab.nodes) == 3

def test_next(lab):
    {next}
"""

CONTROLS = """
from contextlib import contextmanager
from dataclasses import dataclass
from tests.controls.control import Sabotage

@dataclass(frozen=True)
class Look:
    broken: str
    settled: bool = True

    def same_as(self, other):
        return self == other

def look(lab):
    return Look(lab.broken)

@contextmanager
def broken(scene):
    scene.lab.break_node("node02")
    try:
        yield
    finally:
        {undo}

BROKEN = Sabotage("broken", "node02 is broken", act=broken, says="node02", patience=0.1)
STORY = "suites/founding/test_founding.py"
CONTROLS = {{f"{{STORY}}::{{name}}": (BROKEN,) for name in {names}}}
"""


def write(
    project: Project,
    *,
    check: str = "assert lab.mesh().is_full, str(lab.mesh())",
    undo: str = "scene.lab.cure()",
    names: tuple[str, ...] = ("test_healthy", "test_next"),
) -> pytest.RunResult:
    project.write("founding/test_founding.py", STORY.format(next=check))
    (project.path / "some_controls.py").write_text(CONTROLS.format(undo=undo, names=names), encoding="utf-8")
    return project.run("-p", "tests.controls.plugin", "--controls", "some_controls")


def test_every_check_is_seen_red_before_it_passes(project: Project) -> None:
    result = write(project)
    assert result.ret == 0
    assert project.outcomes() == {"test_healthy": "pass", "test_next": "pass"}
    result.stdout.fnmatch_lines(
        [
            "suites/founding/test_founding.py::test_healthy*",
            "*broken: node02 is broken",
            "*red: * node02*",
            "suites/founding/test_founding.py::test_next*",
            "controls: 2 of 2 turned red, in * s",
        ]
    )


def test_of_a_control_the_report_has_its_outcome_and_nothing_else(project: Project) -> None:
    write(project)
    facts = project.checks()["test_healthy"].facts
    (control,) = facts["controls"]
    assert control["red"]
    assert control["sabotage"] == "broken"
    assert facts["broken"] == ""
    assert facts["phases"]["before"]["mesh"]["full"]
    events = [event.event for event in project.results().timeline]
    assert events.count("control") == 2
    assert "fault-injected" not in events
    assert "cure-applied" not in events


def test_a_check_that_cannot_fail_is_inconclusive(project: Project) -> None:
    result = write(project, check="assert lab.nodes")
    assert result.ret == 6
    next_check = project.checks()["test_next"]
    assert next_check.outcome == "inconclusive"
    assert (
        "test_next[netns-v3.23.2] cannot fail under broken (node02 is broken): it passed" in next_check.reason
    )
    result.stdout.fnmatch_lines(["*NOT RED: passed", "controls: 1 of 2 turned red*"])


def test_a_check_that_fails_for_real_is_a_fail(project: Project) -> None:
    result = write(project, check="assert lab.broken == 'node03', f'node02 or {lab.broken}'")
    assert result.ret == 1
    assert project.outcomes()["test_next"] == "fail"


def test_a_check_without_a_control_stops_the_run(project: Project) -> None:
    result = write(project, names=("test_healthy",))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*no control for suites/founding/test_founding.py::test_next: add a sabotage*"]
    )


def test_a_lab_that_is_not_as_it_was_is_inconclusive(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "SETTLE_TIMEOUT", 0.1)
    result = write(project, undo="pass")
    assert result.ret == 6
    healthy = project.checks()["test_healthy"]
    assert healthy.outcome == "inconclusive"
    assert "the lab did not get back from broken" in healthy.reason
    result.stdout.fnmatch_lines(["controls: 1 of 1 turned red*"])


def test_what_is_no_check_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\naddopts = ['-p', 'no:cacheprovider']")
    pytester.makepyfile("def test_plain():\n    pass")
    pytester.makeconftest("pytest_plugins = ['tests.controls.plugin']")
    pytester.makepyfile(some_controls="CONTROLS = {}")
    pytester.runpytest_inprocess("--controls", "some_controls").assert_outcomes(passed=1)


def test_a_control_may_be_for_some_of_a_checks_parameters_only(project: Project) -> None:
    parametrized = "import pytest\n" + STORY.format(
        next="assert lab.mesh().is_full, str(lab.mesh())"
    ).replace(
        "def test_next(lab):", '@pytest.mark.parametrize("size", ["small", "big"])\ndef test_next(lab, size):'
    )
    project.write("founding/test_founding.py", parametrized)
    only = CONTROLS.format(undo="scene.lab.cure()", names=("test_healthy", "test_next")) + (
        "from dataclasses import replace\n"
        "BIG = replace(BROKEN, name='big-broken', only=('big',))\n"
        "CONTROLS[f'{STORY}::test_next'] = (BROKEN, BIG)\n"
    )
    (project.path / "some_controls.py").write_text(only, encoding="utf-8")
    assert project.run("-p", "tests.controls.plugin", "--controls", "some_controls").ret == 0
    seen = {
        name: [one["sabotage"] for one in check.facts["controls"]] for name, check in project.checks().items()
    }
    assert seen["test_next[small]"] == ["broken"]
    assert seen["test_next[big]"] == ["broken", "big-broken"]


def test_a_check_that_needs_no_lab_is_seen_red_too(project: Project) -> None:
    check = 'MODEL = {"right": True}\ndef test_model(facts):\n    assert MODEL["right"], "it is wrong"\n'
    project.write("founding/test_founding.py", check)
    (project.path / "some_controls.py").write_text(
        """
from tests.controls.control import Sabotage

def act(scene):
    scene.patch.setitem(scene.module.MODEL, "right", False)
    return scene.patch.context()

WRONG = Sabotage("wrong", "the model is wrong", act=act, says="it is wrong")
CONTROLS = {"suites/founding/test_founding.py::test_model": (WRONG,)}

def look(lab):
    raise AssertionError("there is no lab to look at")
""",
        encoding="utf-8",
    )
    result = project.run("-p", "tests.controls.plugin", "--controls", "some_controls")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["controls: 1 of 1 turned red, in * s"])
