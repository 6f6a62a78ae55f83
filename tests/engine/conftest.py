"""A private engine of the tests' own, beside whatever engine this machine has."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts.progress import Plain
from calicolab.engine import Engine, private
from calicolab.engine.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """Where the tests' engine is. Not on tmpfs, on which overlayfs may not have its upper layer."""
    folder = Path(tempfile.mkdtemp(prefix="calicolab-engine-", dir="/var/tmp"))
    at = Place(data=folder, name=f"engine-test-{os.getpid()}")
    yield at
    private.down(place=at)
    shutil.rmtree(folder)


@pytest.fixture
def engine(place: Place) -> Engine:
    """The tests' engine, up."""
    return private.up(Plain(), place=place)
