"""`calicolab status`: which labs stand, and how their meshes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.calico.diagnosis import diagnose
from calicolab.commands.standing_labs import attached
from calicolab.labs import standing

if TYPE_CHECKING:
    import argparse


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "status",
        help="show the standing labs and their meshes",
        description="Show every standing lab: its mesh as every node's BIRD sees it, and what is wrong with it.",
    )
    parser.add_argument("--name", help="show this one alone (default: all)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show them; 0 when every mesh is full, 1 when one is not."""
    labs = standing.known() if arguments.name is None else [standing.find(arguments.name)]
    if not labs:
        print("no lab stands; `calicolab up` brings one up")
        return 0
    whole = True
    for one in labs:
        with attached(one.name) as lab:
            print(one)
            print(lab.mesh())
            findings = diagnose(lab)
        for finding in findings:
            print(f"  {finding}")
        whole = whole and not findings
    return 0 if whole else 1
