from __future__ import annotations

import io

import pytest
from rich.console import Console

from calicolab.artifacts.progress import Bars, Plain


def test_lines_say_what_is_built_and_how_long_it_took() -> None:
    stream = io.StringIO()
    with Plain(stream).step("Calico v9") as step:
        step.stage("compiling packages")
        step.advance(1, total=2)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["Calico v9: started", "Calico v9: compiling packages"]
    assert lines[2].startswith("Calico v9: built in 0.")


def test_bars_count_and_what_is_finished_stays_as_a_line() -> None:
    stream = io.StringIO()
    bars = Bars(Console(file=stream, force_terminal=True, width=120))
    with bars.step("Calico v9") as step:
        step.stage("compiling [packages]")
        step.advance(7, total=20)
        bars.note("a note [with brackets]")
        step.stage("linking")
        step.advance(3, total=None)
    shown = stream.getvalue()
    assert "Calico v9: compiling [packages]" in shown
    assert "a note [with brackets]" in shown
    assert "Calico v9: built in 0." in shown


def test_what_is_given_up_is_not_said_to_be_built() -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Plain(stream).step("Calico v9"):
        raise KeyboardInterrupt
    assert "given up after" in stream.getvalue()
    assert "built" not in stream.getvalue()
