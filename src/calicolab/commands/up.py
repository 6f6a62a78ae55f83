"""`calicolab up`: bring a namespace lab up and leave it standing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from calicolab import artifacts
from calicolab.artifacts.progress import for_terminal
from calicolab.calico.versions import INCIDENT
from calicolab.commands.standing_labs import add_name
from calicolab.evidence.timeline import Timeline
from calicolab.labs.netns import preflight, standing, topology
from calicolab.labs.netns.lab import NetnsLab

if TYPE_CHECKING:
    import argparse


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "up",
        help="bring a namespace lab up and leave it standing",
        description="Bring a namespace lab up to a full mesh and leave it standing until `calicolab down`.",
    )
    add_name(parser)
    parser.add_argument("--calico", default=INCIDENT, help=f"version of Calico (default: {INCIDENT})")
    parser.add_argument(
        "--nodes", type=int, default=topology.NODES_DEFAULT, help="how many nodes, 2 to 100 (default: 3)"
    )
    parser.add_argument(
        "--subnet", default=topology.SUBNET, help=f"the nodes' network (default: {topology.SUBNET})"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Bring it up and say how to go on."""
    # What can be refused is refused before anything is built.
    standing.refuse_second(arguments.name)
    preflight.check(topology.plan(nodes=arguments.nodes, subnet=arguments.subnet))
    files = artifacts.obtain([arguments.calico], report=for_terminal())
    (lab_files,) = files.values()
    lab = NetnsLab(
        lab_files, timeline=Timeline(), nodes=arguments.nodes, subnet=arguments.subnet, dies_with_us=False
    )
    started = time.monotonic()
    lab.up()
    try:
        standing.save(lab, name=arguments.name)
    except BaseException:
        lab.down()
        raise
    print(lab.mesh())
    print(
        f"lab {arguments.name!r} is up after {time.monotonic() - started:.1f} s: {len(lab.nodes)} nodes, full mesh"
    )
    print(f"go on with: calicolab exec {lab.nodes[0].name} -- calicoctl node status; calicolab down")
    return 0
