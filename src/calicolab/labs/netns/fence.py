"""The fence: nothing that a machine sends beyond the lab's own network goes anywhere.

Peers dial the injected 172.18.0.1, and that packet follows the default route. Here it ends at the switch, which has no
cable to the outside and answers as a closed port does, so that BIRD says what the incident saw: Connection refused.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from calicolab.errors import LabError
from calicolab.host.network_namespace import netlink
from calicolab.labs.netns import network

if TYPE_CHECKING:
    from calicolab.labs.netns.machine import Machine

_REJECT = ("FORWARD", "-i", network.SWITCH, "-j", "REJECT", "--reject-with", "icmp-port-unreachable")


def raise_(switch: Machine) -> None:
    """Close the way out of the lab and prove it closed.

    Raises:
        LabError: it could not be closed; the lab must not start.
    """
    with netlink(switch.init.network) as link:
        bridge = link.link_lookup(ifname=network.SWITCH)[0]
        # A packet must be routable to be refused, or the sender hears "no route" instead.
        link.route("add", family=socket.AF_INET, dst="default", oif=bridge, scope="link")
    # What the cables carry from machine to machine is bridged, and not the fence's business.
    settings = ["net.ipv4.ip_forward=1", "-e", "net.bridge.bridge-nf-call-iptables=0"]
    # What comes in and would leave by one interface earns a redirect, and the kernel counts those and refusals to one
    # sender together (ip_rt_send_redirect, icmpv4_xrlim_allow): the sender would wait for seconds, or for good.
    settings += [f"net.ipv4.conf.{interface}.send_redirects=0" for interface in ("all", network.SWITCH)]
    switch.run(["sysctl", "--quiet", "--write", *settings])
    switch.run(["iptables", "-w", "-A", *_REJECT])
    prove(switch)


def prove(switch: Machine) -> None:
    """Look at the fence afresh.

    Raises:
        LabError: the rule is missing, or the switch has a cable that does not end in the lab.
    """
    if not switch.run_status(["iptables", "-w", "-C", *_REJECT]).succeeded:
        raise LabError("the lab's fence is not up: its switch does not refuse what is sent beyond the lab")
    with netlink(switch.init.network) as link:
        strangers = [
            name
            for item in link.get_links()
            if (name := item.get_attr("IFLA_IFNAME")) not in ("lo", network.SWITCH)
            and not item.get_attr("IFLA_MASTER")
            and item["state"] == "up"
        ]
    if strangers:
        raise LabError(f"the lab's fence is not up: its switch has other interfaces: {', '.join(strangers)}")
