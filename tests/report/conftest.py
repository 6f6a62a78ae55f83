"""The fixtures of the report's tests."""

from __future__ import annotations

from tests.fixtures.project import project as project
