"""`calicolab inject` and `calicolab heal`: the founding fault on a standing lab, to be looked at by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.commands.standing_labs import add_name, attached
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.labs import standing

if TYPE_CHECKING:
    import argparse


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both subcommands."""
    for name, what in (("inject", "put a docker bridge on a node"), ("heal", "remove it again")):
        parser = subparsers.add_parser(name, help=what, description=f"{what.capitalize()} of a standing lab.")
        add_name(parser)
        parser.add_argument("node", help="such as node02")
        parser.add_argument(
            "--bridge", default=DockerBridge.bridge, help=f"its name (default: {DockerBridge.bridge})"
        )
        parser.add_argument(
            "--address",
            default=DockerBridge.address,
            help=f"with its prefix (default: {DockerBridge.address})",
        )
        parser.add_argument(
            "--restart",
            action="store_true",
            help="start calico-node on the node again, which then looks for its address",
        )
        parser.set_defaults(run=run, heal=name == "heal")


def run(arguments: argparse.Namespace) -> int:
    """Do it and prove it."""
    fault = DockerBridge(node=arguments.node, bridge=arguments.bridge, address=arguments.address)
    with attached(arguments.name) as lab:
        node = lab.node(arguments.node)
        if arguments.heal:
            lab.faults.heal(fault)
        else:
            lab.faults.inject(fault)
        done = "healed" if arguments.heal else "injected"
        print(f"{fault.name} {done}: {fault.bridge} {fault.address} on {node.name}")
        if arguments.restart:
            node.calico.restart()
            standing.save(lab, standing.find(arguments.name).asked, name=arguments.name)
            print(f"calico-node started again on {node.name}; see `calicolab status`")
    return 0
