"""`calicolab build`: fetch and build what the labs need."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from calicolab.artifacts.obtain import SOURCES, obtain
from calicolab.artifacts.progress import for_terminal
from calicolab.calico.versions import DEFAULT, known

if TYPE_CHECKING:
    import argparse


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "build",
        help="fetch and build what the labs need",
        description="Fetch and build what the labs need for some versions of Calico. What is in the cache already is "
        "verified and not built again.",
    )
    parser.add_argument(
        "versions",
        nargs="*",
        metavar="VERSION",
        help=f"versions of Calico (default: {' '.join(DEFAULT)}; known: {' '.join(known())})",
    )
    # No `choices`: the sentence of our own says more than argparse's.
    parser.add_argument(
        "--source", default="gomod", help=f"where programs come from: {' or '.join(SOURCES)} (default: gomod)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build, and say where things are."""
    started = time.monotonic()
    made = obtain(arguments.versions or DEFAULT, source=arguments.source, report=for_terminal())
    for version, files in made.items():
        print(f"{version}: {files.container.parent}")
    print(f"everything is there and verified, in {time.monotonic() - started:.1f} s")
    return 0
