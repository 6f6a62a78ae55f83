"""Links, addresses and routes of a lab, by netlink: one switch, one cable to each machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyroute2 import IPRoute

from calicolab.host.network_namespace import netlink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.labs.netns.namespaces import Init
    from calicolab.labs.netns.topology import Topology

SWITCH = "switch0"
#: calico-node looks at interfaces from the highest index down (calico v3.23 interfaces.go), so a machine's own NIC
#: has the lowest one, as it has on a real host, and whatever appears later comes first.
NIC, NIC_INDEX = "eth0", 2
#: Machines that find each other by ARP, as real ones do. The kernel keeps 1024 resolved neighbours for all network
#: namespaces together (gc_thresh3; not ours to change), and every pair of machines takes two. Beyond that it drops
#: packets, in every lab there is: so the machines of a larger lab are told, and what they are told is not counted.
RESOLVING_MACHINES = 20


def build(topology: Topology, *, switch: Init, machines: Mapping[str, Init]) -> None:
    """Lay the cables: every machine gets its NIC, address and default route; the switch is the gateway."""
    with netlink(switch.network) as link:
        link.link("add", ifname=SWITCH, kind="bridge")
        bridge = _index(link, SWITCH)
        link.addr("add", index=bridge, address=topology.gateway, prefixlen=topology.subnet.prefixlen)
        link.link("set", index=bridge, state="up")
        link.link("set", index=_index(link, "lo"), state="up")
        for plan in topology.machines:
            peer = {"ifname": NIC, "index": NIC_INDEX, "net_ns_pid": machines[plan.name].pid}
            link.link("add", ifname=plan.name, kind="veth", peer=peer)
            link.link("set", index=_index(link, plan.name), master=bridge, state="up")
    known = _hardware_addresses(topology, machines) if len(topology.machines) > RESOLVING_MACHINES else {}
    for plan in topology.machines:
        with netlink(machines[plan.name].network) as link:
            link.addr("add", index=NIC_INDEX, address=plan.address, prefixlen=topology.subnet.prefixlen)
            link.link("set", index=NIC_INDEX, state="up")
            link.link("set", index=_index(link, "lo"), state="up")
            # Pods need it: the proxy ARP for their gateway 169.254.1.1 answers only where a default route exists.
            link.route("add", dst="default", gateway=topology.gateway)
            for address, hardware in known.items():
                if address != plan.address:
                    link.neigh("add", dst=address, lladdr=hardware, ifindex=NIC_INDEX, state="permanent")


def _hardware_addresses(topology: Topology, machines: Mapping[str, Init]) -> dict[str, str]:
    """The hardware address behind each machine's address."""
    found = {}
    for plan in topology.machines:
        with netlink(machines[plan.name].network) as link:
            (nic,) = link.get_links(NIC_INDEX)
            found[plan.address] = nic.get_attr("IFLA_ADDRESS")
    return found


def machine_routes() -> list[str]:
    """The IPv4 networks that this machine routes, default routes left out."""
    with IPRoute() as link:
        return [
            f"{destination}/{route['dst_len']}"
            for route in link.get_routes(family=2, table=254)
            if (destination := route.get_attr("RTA_DST"))
        ]


def _index(link: Any, name: str) -> int:
    found = link.link_lookup(ifname=name)
    if not found:
        raise LookupError(f"no interface {name}")
    return int(found[0])
