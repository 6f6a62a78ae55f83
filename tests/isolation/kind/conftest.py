"""A private engine of the tests' own, and labs in it that are nothing but a network, a fence and containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts.progress import Plain
from calicolab.engine import probe
from tests.engine.conftest import engine as engine
from tests.engine.conftest import place as place

if TYPE_CHECKING:
    from calicolab.engine import Engine


@pytest.fixture
def image(engine: Engine) -> str:
    """An image with nothing but busybox."""
    return probe.image(engine, report=Plain())
