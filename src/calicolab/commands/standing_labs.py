"""What the subcommands on standing labs have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calicolab.artifacts.progress import for_terminal
from calicolab.evidence.timeline import Timeline
from calicolab.labs import standing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from calicolab.labs.base import Lab


def add_name(parser: argparse.ArgumentParser) -> None:
    """Add --name."""
    parser.add_argument(
        "--name",
        default=standing.DEFAULT_NAME,
        help=f"which lab, when several stand side by side (default: {standing.DEFAULT_NAME})",
    )


@contextmanager
def attached(name: str) -> Iterator[Lab]:
    """The standing lab `name`, to work with; it is left up.

    Raises:
        UsageError: there is none.
    """
    lab = standing.attach(standing.find(name), timeline=Timeline(), report=for_terminal())
    try:
        yield lab
    finally:
        lab.leave()
