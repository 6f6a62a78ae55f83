"""The fixtures of the sign-off page's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.signoff.examples import Reports


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    """A folder in which runs can be made."""
    return Reports(tmp_path / "reports")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Where a page goes."""
    return tmp_path / "signoff.html"
