"""`calicolab exec`: run a program on a node of a standing lab."""

from __future__ import annotations

import argparse
import subprocess
from typing import TYPE_CHECKING

from calicolab.commands.standing_labs import add_name, attached
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "exec",
        help="run a program on a node",
        description="Run a program on a node of a standing lab, with this terminal: "
        "calicolab exec node02 -- ip address",
    )
    add_name(parser)
    parser.add_argument(
        "--container", action="store_true", help="in the calico-node container instead of on the machine"
    )
    parser.add_argument("node", help="such as node02")
    parser.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- PROGRAM ...", help="the program")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return its exit code."""
    argv: Sequence[str] = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise UsageError("name the program to run, as in: calicolab exec node02 -- ip address")
    with attached(arguments.name) as lab:
        inside = lab.node(arguments.node).terminal(argv, in_calico=arguments.container)
        return subprocess.run(inside, check=False).returncode
