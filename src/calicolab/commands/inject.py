"""`calicolab inject` and `calicolab heal`: an interface or address too many on a standing lab, to look at by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.commands.standing_labs import add_name, attached
from calicolab.errors import UsageError
from calicolab.faults.docker_bridge import DockerBridge
from calicolab.faults.keepalived_vip import KeepalivedVip
from calicolab.faults.node_local_dns import NodeLocalDns
from calicolab.faults.podman_bridge import PodmanBridge
from calicolab.faults.second_nic import SecondNic
from calicolab.faults.vpn_tunnel import VpnTunnel
from calicolab.labs import standing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Made = DockerBridge | PodmanBridge | VpnTunnel | SecondNic | NodeLocalDns | KeepalivedVip

#: By name what can be injected: what makes it, and what that calls its interface.
FAULTS: dict[str, tuple[Callable[..., Made], str]] = {
    DockerBridge.name: (DockerBridge, "bridge"),
    **{
        fault.name: (fault, "interface")
        for fault in (PodmanBridge, VpnTunnel, SecondNic, NodeLocalDns, KeepalivedVip)
    },
}


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both subcommands."""
    for name, what in (("inject", "put an interface too many on a node"), ("heal", "remove it again")):
        parser = subparsers.add_parser(name, help=what, description=f"{what.capitalize()} of a standing lab.")
        add_name(parser)
        parser.add_argument("node", help="such as node02")
        parser.add_argument(
            "--fault",
            choices=tuple(FAULTS),
            default=DockerBridge.name,
            help=f"which one (default: {DockerBridge.name})",
        )
        parser.add_argument(
            "--interface", "--bridge", help=f"its name (default: the fault's, as {DockerBridge.bridge})"
        )
        parser.add_argument(
            "--address", help=f"with its prefix (default: the fault's, as {DockerBridge.address})"
        )
        parser.add_argument(
            "--first",
            action="store_true",
            help=f"have the address of a {KeepalivedVip.name} before the NIC's own",
        )
        parser.add_argument(
            "--restart",
            action="store_true",
            help="start calico-node on the node again, which then looks for its address",
        )
        parser.set_defaults(run=run, heal=name == "heal")


def asked_for(arguments: argparse.Namespace) -> Made:
    """The fault that the arguments name.

    Raises:
        UsageError: it cannot be as asked for.
    """
    make, interface = FAULTS[arguments.fault]
    asked = {interface: arguments.interface, "address": arguments.address}
    options: dict[str, object] = {name: value for name, value in asked.items() if value is not None}
    if arguments.first:
        if arguments.fault != KeepalivedVip.name:
            raise UsageError(
                f"--first says where among a NIC's addresses one comes, which is for {KeepalivedVip.name} "
                f"and not for {arguments.fault}: leave it out"
            )
        options["comes_first"] = True
    return make(node=arguments.node, **options)


def run(arguments: argparse.Namespace) -> int:
    """Do it and prove it."""
    fault = asked_for(arguments)
    with attached(arguments.name) as lab:
        node = lab.node(arguments.node)
        if arguments.heal:
            lab.faults.heal(fault)
        else:
            lab.faults.inject(fault)
        done = "healed" if arguments.heal else "injected"
        print(f"{fault.name} {done}: {fault.interface} {fault.address} on {node.name}")
        if arguments.restart:
            node.calico.restart()
            standing.save(lab, standing.find(arguments.name).asked, name=arguments.name, again=True)
            print(f"calico-node started again on {node.name}; see `calicolab status`")
    return 0
