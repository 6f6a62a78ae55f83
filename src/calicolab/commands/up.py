"""`calicolab up`: bring a lab up and leave it standing."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab import labs
from calicolab.artifacts.progress import for_terminal
from calicolab.calico.versions import INCIDENT, lookup
from calicolab.commands.standing_labs import add_name
from calicolab.errors import LabError
from calicolab.evidence.redact import redact
from calicolab.evidence.timeline import Timeline
from calicolab.labs import standing
from calicolab.labs.asked import NODES, SUBNET, Asked

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "up",
        help="bring a lab up and leave it standing",
        description="Bring a lab up to a full mesh and leave it standing until `calicolab down`.",
    )
    add_name(parser)
    parser.add_argument(
        "--lab", default="netns", help=f"kind of lab: {' or '.join(labs.KINDS)} (default: netns)"
    )
    parser.add_argument("--calico", default=INCIDENT, help=f"version of Calico (default: {INCIDENT})")
    parser.add_argument("--nodes", type=int, default=NODES, help=f"how many nodes (default: {NODES})")
    parser.add_argument("--control-planes", type=int, default=1, help="of a kind lab: 1 or 3 (default: 1)")
    parser.add_argument("--subnet", default=SUBNET, help=f"the nodes' network (default: {SUBNET})")
    parser.add_argument("--source", default="gomod", help="of a kind lab: gomod or registry (default: gomod)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Bring it up and say how to go on."""
    # What can be refused is refused before anything is built.
    standing.refuse_second(arguments.name)
    asked = Asked(
        kind=arguments.lab,
        version=lookup(arguments.calico).name,
        nodes=arguments.nodes,
        control_planes=arguments.control_planes,
        subnet=arguments.subnet,
        source=arguments.source,
    )
    lab = labs.create(asked, timeline=Timeline(), report=for_terminal(), standing=True)
    started = time.monotonic()
    try:
        lab.up()
    except LabError as error:
        if error.logs:
            raise LabError(f"{error} (in {_kept(error.logs)})") from error
        raise
    try:
        standing.save(lab, asked, name=arguments.name)
    except BaseException:
        lab.down()
        raise
    print(lab.mesh())
    print(
        f"lab {arguments.name!r} is up after {time.monotonic() - started:.1f} s: {len(lab.nodes)} nodes, full mesh"
    )
    print(f"go on with: calicolab exec {lab.nodes[0].name} -- calicoctl node status; calicolab down")
    lab.leave()
    return 0


def _kept(logs: Mapping[str, str]) -> Path:
    """Write what a lab that did not come up left to look into, without what is secret, and say where."""
    folder = Path(tempfile.mkdtemp(prefix="calicolab-logs-"))
    for name, text in logs.items():
        (folder / name).write_text(redact(text))
    return folder
