"""`calicolab docker`: a private Docker engine for machines that have none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from calicolab.artifacts.progress import for_terminal
from calicolab.engine import place, private

if TYPE_CHECKING:
    import argparse


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its own ones."""
    parser = subparsers.add_parser(
        "docker",
        help="start or end a private Docker engine",
        description="A Docker engine of the lab's own, in namespaces of its own: nothing of this machine is changed, "
        "and nothing of it is left but its images, in the cache. For machines without one; kind labs find it.",
    )
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, what, run in (
        ("up", "start it, unless it runs", up),
        ("down", "end it, with all that runs in it; its images stay", down),
        ("status", "say whether it runs; the exit code is 0 when it does, 1 when not", status),
    ):
        action = actions.add_parser(name, help=what, description=what.capitalize() + ".")
        action.set_defaults(run=run)


def up(arguments: argparse.Namespace) -> int:
    """Start it."""
    del arguments
    started = time.monotonic()
    engine = private.up(for_terminal())
    print(f"the private engine is up after {time.monotonic() - started:.1f} s")
    print(f"to use it by hand: export DOCKER_HOST={engine.host}; {engine.docker} ps")
    return 0


def down(arguments: argparse.Namespace) -> int:
    """End it."""
    del arguments
    print("the private engine is down" if private.down() else "no private engine was up")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Say how it is."""
    del arguments
    at = place.default()
    engine = private.running(at)
    if engine is None:
        print("no private engine is up; `calicolab docker up` starts one")
        return 1
    containers = engine.run("ps", "--format={{.Names}}").stdout.split()
    print(f"the private engine is up: {engine.host}, data in {at.data}")
    print(f"containers that run: {', '.join(sorted(containers)) or 'none'}")
    return 0
