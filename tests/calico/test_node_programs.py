"""What calico-node's own programs are asked, wherever it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab.calico.node_programs import NodePrograms
from calicolab.command import CommandResult
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Says(NodePrograms):
    """A calico-node that prints the same whatever it is asked."""

    def __init__(self, stdout: str, stderr: str = "") -> None:
        self.stdout, self.stderr = stdout, stderr

    def run_status(self, argv: Sequence[str], *, timeout: float = 30) -> CommandResult:
        assert argv == ["calico-node", "-v"]
        return CommandResult(tuple(argv), returncode=0, stdout=self.stdout, stderr=self.stderr, seconds=0.1)


@pytest.mark.parametrize(
    ("stdout", "version"),
    [
        ("v3.23.2\n", "v3.23.2"),
        ("v3.28.6-0.dev\n", "v3.28.6-0.dev"),
        ("Version:      v3.31.0\nBuild date:   \nGit commit:   v9.9.9\n", "v3.31.0"),
    ],
)
def test_which_version_runs(stdout: str, version: str) -> None:
    assert Says(stdout, stderr="W1124 feature gate v1.2.3").running_version() == version


def test_one_that_says_none() -> None:
    with pytest.raises(LabError, match="does not say which version it is"):
        Says("", stderr="no such option").running_version()
