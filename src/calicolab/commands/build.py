"""`calicolab build`: fetch and build what the labs need."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from calicolab import labs
from calicolab.artifacts import obtain_kind
from calicolab.artifacts.obtain import SOURCES, obtain
from calicolab.artifacts.progress import for_terminal
from calicolab.calico.versions import DEFAULT, UNAVAILABLE, expand, known
from calicolab.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


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
        help=f"versions of Calico, ranges such as v3.22.0..v3.27.0, or all (default: {' '.join(DEFAULT)})",
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="build nothing; list the versions that can be built, and which cannot and why",
    )
    # No `choices`: the sentence of our own says more than argparse's.
    parser.add_argument(
        "--lab", default="netns", help=f"kind of lab: {' or '.join(labs.KINDS)} (default: netns)"
    )
    parser.add_argument(
        "--source",
        default="gomod",
        help=f"where images come from: {' or '.join(SOURCES)}, the latter for --lab kind (default: gomod)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build, and say where things are; or list what can be built."""
    if arguments.list:
        return _list()
    started = time.monotonic()
    if arguments.lab not in labs.KINDS:
        raise UsageError(f"there is no lab of kind {arguments.lab!r}: the labs are {', '.join(labs.KINDS)}")
    made = _kind if arguments.lab == "kind" else _netns
    for line in made(expand(arguments.versions or DEFAULT), arguments.source):
        print(line)
    print(f"everything is there and verified, in {time.monotonic() - started:.1f} s")
    return 0


def _list() -> int:
    for name in known():
        print(name)
    for series, reason in UNAVAILABLE.items():
        print(f"not {series}: {reason}")
    return 0


def _netns(versions: Sequence[str], source: str) -> list[str]:
    made = obtain(versions, source=source, report=for_terminal())
    return [f"{version}: {files.container.parent}" for version, files in made.items()]


def _kind(versions: Sequence[str], source: str) -> list[str]:
    made = obtain_kind(versions, source=source, report=for_terminal())
    return [
        f"{version}: {image.name}: {image.archive}"
        for version, files in made.items()
        for image in files.images
    ]
