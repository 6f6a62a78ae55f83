"""The fixtures of the controls' own tests."""

from __future__ import annotations

import pytest

from tests.fixtures.project import project as project

# Imported here first, it would be no plugin to the pytest that its tests run in this process.
pytest.register_assert_rewrite("tests.controls.plugin")
