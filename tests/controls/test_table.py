"""Every check of the suites has a control, and no control is left over."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.controls.table import CONTROLS

SUITES = Path(__file__).parents[2] / "suites"


def checks() -> set[str]:
    return {
        f"{SUITES.name}/{file.relative_to(SUITES)}::{node.name}"
        for file in SUITES.rglob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_check_has_a_control_and_every_control_a_check() -> None:
    assert set(CONTROLS) == checks()


def test_every_control_says_what_it_does_and_what_the_check_must_say() -> None:
    for check, sabotages in CONTROLS.items():
        assert sabotages, check
        assert all(one.name and one.sentence and one.says for one in sabotages), check
        names = [one.name for one in sabotages]
        assert len(set(names)) == len(names), check
