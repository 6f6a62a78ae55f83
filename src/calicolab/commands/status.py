"""`calicolab status`: which labs stand, and how their meshes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.calico.diagnosis import diagnose
from calicolab.commands.standing_labs import attached
from calicolab.errors import CalicolabError
from calicolab.faults import marks
from calicolab.labs import standing

if TYPE_CHECKING:
    import argparse

    from calicolab.labs.standing import Standing


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
    """Show them; 0 when every mesh is full, 1 when one is not or cannot be told."""
    if arguments.name is not None:
        return 0 if _show(standing.find(arguments.name)) else 1
    shown = [_show_noted(name) for name in standing.noted()]
    said = [whole for whole in shown if whole is not None]
    if not said:
        print("no lab stands; `calicolab up` brings one up")
    return 0 if all(said) else 1


def _show_noted(name: str) -> bool | None:
    """Show the lab `name`, and say whether its mesh is full; None when it has ended by itself.

    One of which nobody can tell does not hide the others.
    """
    try:
        one = standing.load(name)
        return _show(one) if one is not None else None
    except CalicolabError as error:
        print(f"lab {name!r}: {error}")
        return False


def _show(one: Standing) -> bool:
    """Show a lab, and say whether its mesh is full."""
    with attached(one.name) as lab:
        print(one)
        print(lab.mesh())
        for fault in marks.found(lab):
            print(f"  injected: {fault}")
        findings = diagnose(lab)
    for finding in findings:
        print(f"  {finding}")
    return not findings
