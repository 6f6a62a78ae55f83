"""`calicolab down`: end a standing lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.commands.standing_labs import add_name
from calicolab.labs import making, standing

if TYPE_CHECKING:
    import argparse


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "down",
        help="end a standing lab",
        description="End a lab that `calicolab up` left standing; nothing of it is left.",
    )
    add_name(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """End it, and what dead runs left behind with it."""
    found = standing.find(arguments.name)
    standing.take_down(found)
    print(f"lab {arguments.name!r} is down")
    for lab in making(found.asked.kind).reap():
        print(f"ended what a dead run had left behind: {lab}")
    return 0
