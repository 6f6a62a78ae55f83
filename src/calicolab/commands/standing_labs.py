"""What the subcommands on standing labs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab import artifacts
from calicolab.artifacts.progress import for_terminal
from calicolab.labs.netns import standing

if TYPE_CHECKING:
    import argparse

    from calicolab.labs.netns.lab import NetnsLab


def add_name(parser: argparse.ArgumentParser) -> None:
    """Add --name."""
    parser.add_argument(
        "--name",
        default=standing.DEFAULT_NAME,
        help=f"which lab, when several stand side by side (default: {standing.DEFAULT_NAME})",
    )


def attached(name: str) -> NetnsLab:
    """The standing lab `name`, to work with.

    Raises:
        UsageError: there is none.
    """
    found = standing.find(name)
    files = artifacts.obtain([found.version], report=for_terminal())[found.version]
    return standing.attach(found, files)
