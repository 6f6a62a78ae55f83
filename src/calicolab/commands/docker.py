"""`calicolab docker`: a private Docker engine for machines that have none."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from calicolab.artifacts.progress import for_terminal
from calicolab.engine import find, place, private
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    action = actions.add_parser(
        "during",
        help="run a command with an engine: one that is there, or a private one for as long as the command takes",
        description="Run a command with a Docker engine, and end with its exit code. One that is there and of use is "
        "left as it is; otherwise a private one is up for as long as the command takes.",
    )
    action.add_argument(
        "argv", nargs=argparse.REMAINDER, metavar="COMMAND ...", help="such as: pytest suites/"
    )
    action.set_defaults(run=during)


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


def during(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    if not arguments.argv:
        raise UsageError("name the command to run, as in: calicolab docker during pytest suites/ --lab kind")
    if shutil.which(arguments.argv[0]) is None:
        raise UsageError(f"there is no program {arguments.argv[0]}: name one that is in PATH, or its path")
    if (unusable := _why_none_is_of_use()) is None:
        return _exit_code(arguments.argv)
    print(f"{unusable}: a private engine it is", flush=True)
    private.up(for_terminal())
    try:
        return _exit_code(arguments.argv)
    finally:
        private.down()


def _exit_code(argv: Sequence[str]) -> int:
    """Run a command and return its exit code, as a shell has it; it is waited for, whatever it is told meanwhile.

    Its labs are in the engine: it must have ended before that does.
    """
    with subprocess.Popen(argv) as process:

        def pass_on(number: int, _frame: object) -> None:
            # A terminal sends Ctrl-C to the command as well.
            if number != signal.SIGINT:
                process.send_signal(number)

        before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            code = process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _why_none_is_of_use() -> str | None:
    """Why the engine that is here, if there is one, cannot run a kind lab; None when it can."""
    try:
        find()
    except UsageError as error:
        return str(error)
    return None


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
