"""The lab's own network in the engine: a bridge with the incident's addresses."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.errors import UsageError
from calicolab.host.network_namespace import netlink
from calicolab.labs.asked import SUBNET
from calicolab.labs.kind.marks import LAB

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calicolab.engine import Engine

GATEWAY_HOST = 1
#: Hosts that Docker gives to nobody by itself: what comes after etcd's members, which ask for theirs by number (2 to 4)
#: and come first. So the nodes' addresses begin with 11, as the incident's do.
LEFT_OUT = range(5, 11)
_BRIDGE_NAME = "com.docker.network.bridge.name"


@dataclass(frozen=True)
class Network:
    """A network of the engine. `bridge` is its interface there."""

    name: str
    bridge: str
    subnet: str
    gateway: str


@dataclass(frozen=True)
class Taken:
    """A range of addresses that is in use, and by what."""

    subnet: ipaddress.IPv4Network
    user: str


def create(engine: Engine, *, name: str, subnet: str = SUBNET, labels: Mapping[str, str]) -> Network:
    """Create the network.

    Args:
        engine: where.
        name: what it is called.
        subnet: its addresses.
        labels: what marks it as ours.

    Raises:
        UsageError: its addresses are in use, or there is a network of that name.
        LabError: the engine did not create it.
    """
    wanted = ipaddress.IPv4Network(subnet)
    existing = _inspect(engine)
    refuse_name(name, existing)
    refuse_overlap(wanted, (*_networks(existing), *_routes(engine)))
    gateway = str(wanted[GATEWAY_HOST])
    bridge = bridge_name(name)
    engine.run(
        *("network", "create", "--driver", "bridge", "--subnet", subnet, "--gateway", gateway),
        *(word for host in LEFT_OUT for word in ("--aux-address", f"host{host}={wanted[host]}")),
        *("--opt", f"{_BRIDGE_NAME}={bridge}"),
        *(word for label, value in labels.items() for word in ("--label", f"{label}={value}")),
        name,
    )
    return Network(name=name, bridge=bridge, subnet=subnet, gateway=gateway)


def bridge_name(network: str) -> str:
    """The name of a network's interface: as long as one may be, and told from others'."""
    return f"calicolab{hashlib.sha256(network.encode()).hexdigest()[:6]}"


def refuse_name(name: str, existing: Iterable[Mapping[str, Any]]) -> None:
    """Refuse a name that a network has already.

    Raises:
        UsageError: it says whether that one is a lab's.
    """
    for network in existing:
        if network["Name"] == name:
            owner = (network.get("Labels") or {}).get(LAB)
            whose = f"of lab {owner}" if owner else "not one of ours, and is not touched"
            raise UsageError(
                f"the engine has a network called {name} already (it is {whose}): remove it with "
                f"`docker network rm {name}`, or give the lab another name"
            )


def refuse_overlap(wanted: ipaddress.IPv4Network, taken: Iterable[Taken]) -> None:
    """Refuse addresses that are in use.

    Raises:
        UsageError: it names what uses them.
    """
    for one in taken:
        if one.subnet.prefixlen and one.subnet.overlaps(wanted):
            raise UsageError(
                f"the lab's subnet {wanted} overlaps {one.subnet}, which {one.user} has: end that, or choose another "
                "with --subnet"
            )


def _inspect(engine: Engine) -> list[dict[str, Any]]:
    names = engine.run("network", "ls", "--quiet").stdout.split()
    # One that is removed meanwhile is an error to docker, and the others are printed all the same.
    found: list[dict[str, Any]] = json.loads(engine.run_status("network", "inspect", *names).stdout or "[]")
    return found


def _networks(existing: Iterable[Mapping[str, Any]]) -> list[Taken]:
    return [
        Taken(ipaddress.IPv4Network(pool["Subnet"]), f"the Docker network {network['Name']}")
        for network in existing
        for pool in (network.get("IPAM") or {}).get("Config") or ()
        if pool.get("Subnet") and ":" not in pool["Subnet"]
    ]


def _routes(engine: Engine) -> list[Taken]:
    """What the engine's network namespace routes, default routes left out."""
    with netlink(engine.network) as link:
        names = {item["index"]: item.get_attr("IFLA_IFNAME") for item in link.get_links()}
        return [
            Taken(
                ipaddress.IPv4Network(f"{destination}/{route['dst_len']}"),
                f"a route over interface {names.get(route.get_attr('RTA_OIF'), '(none)')}",
            )
            for route in link.get_routes(family=2, table=254)
            if (destination := route.get_attr("RTA_DST"))
        ]
