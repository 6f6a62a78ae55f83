"""Made-up nodes, for hypothesis: interfaces of the names that matter, at any index, with addresses and routes.

All that a real node can be and the model has an opinion on is drawn sooner or later, and what cannot be is not.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from hypothesis import strategies as st

from calicolab.calico.autodetection import reach
from calicolab.calico.autodetection.case import LOOPBACK, Case
from calicolab.calico.autodetection.draws import one_in, pick, several
from calicolab.calico.autodetection.facts import Layout, Link, Route
from calicolab.calico.autodetection.settings_strategies import draw_kubernetes, draw_settings, draw_stored
from calicolab.errors import UsageError

#: As hosts have them: NICs, what container engines, tunnels and Calico itself make, and look-alikes of these.
NAMES = (
    *("eth0", "eth1", "ens3", "enp0s31f6", "eno1", "bond0", "br0", "br-ex", "ibmveth0", "wlan0"),
    *("br-fac7e8026658", "docker0", "docker_gwbridge", "mybr0", "podman0", "cni-podman0", "virbr0", "lxcbr0"),
    *("cbr0", "cni0", "flannel.1", "weave", "cilium_host", "dummy0", "kube-ipvs0", "nodelocaldns"),
    *("cali0123456789a", "tunl0", "vxlan.calico", "vxlan-v6.calico", "wireguard.cali", "wg-v6.cali"),
    *(
        "veth1a2b3c4",
        "tun0",
        "tailscale0",
        "wg0",
        "ppp0",
        "lo1",
        "slow0",
        "Docker0",
        "mycali0",
        "vxlanXcalico",
    ),
)
_BEFORE_NAME, _AFTER_NAME = ("", "", "", "", "x", "my", "0"), ("", "", "", "", "9", ".100", "-a")
_NAME_LENGTH = 15
#: The first three numbers of networks on which nodes, engines, services and tunnels have addresses.
_NETWORKS = (
    *(
        "192.168.21",
        "192.168.200",
        "10.0.0",
        "10.0.1",
        "10.96.0",
        "172.17.0",
        "172.18.0",
        "100.64.0",
        "203.0.113",
    ),
    *("192.168.21", "10.0.0", "172.18.0", "169.254.20", "169.254.25", "127.0.5", "224.0.0", "240.0.0"),
)
_HOSTS = (*range(1, 7), 10, 59, 128, 254)
_PREFIXES = (24, 24, 24, 16, 32, 8, 12, 20, 25, 30, 31)
_INDEX_STEPS = (1, 1, 1, 2, 5, 40, 255, 300)
_ROUTED = (
    "default",
    "10.0.0.0/8",
    "10.96.0.0/12",
    "172.16.0.0/12",
    "100.64.0.0/10",
    "8.8.8.0/24",
    "8.8.8.8/32",
)


@st.composite
def cases(draw: st.DrawFn, *, kubernetes: bool = False) -> Case:
    """A node, its settings and what is stored; with Kubernetes, mostly with the method that asks it."""
    layout = _draw_layout(draw)
    near = [address for link in layout.links for address in _neighbours(link)]
    settings = draw_settings(draw, layout, near=near)
    if kubernetes:
        settings = draw_kubernetes(draw, layout, settings)
    return Case(layout, settings, draw_stored(draw, layout, settings, other_address=_draw_address))


def _draw_layout(draw: st.DrawFn) -> Layout:
    """A node with up to seven interfaces beside lo, at whatever indexes, and routes that its addresses allow."""
    hosts = several(draw, _draw_address, most=2) if one_in(draw, 5) else []
    virtual = sorted({f"{text.partition('/')[0]}/32" for text in hosts})
    links = [replace(LOOPBACK, addresses=(*LOOPBACK.addresses, *virtual))]
    index = LOOPBACK.index
    for name in several(draw, _draw_name, most=7):
        index += pick(draw, _INDEX_STEPS)
        addresses = _as_listed(several(draw, _draw_address, most=3))
        links.append(Link(name, index, addresses, up=not one_in(draw, 4)))
    return _with_routes(draw, Layout(tuple(links)))


def _draw_name(draw: st.DrawFn) -> str:
    name = pick(draw, NAMES)
    return (pick(draw, _BEFORE_NAME) + name + pick(draw, _AFTER_NAME))[:_NAME_LENGTH]


def _draw_address(draw: st.DrawFn) -> str:
    return f"{pick(draw, _NETWORKS)}.{pick(draw, _HOSTS)}/{pick(draw, _PREFIXES)}"


def _as_listed(texts: list[str]) -> tuple[str, ...]:
    """Addresses of one interface in the order in which the kernel lists them: secondary ones come last."""
    primary: list[IPv4Interface] = []
    secondary: list[IPv4Interface] = []
    for address in map(IPv4Interface, texts):
        (secondary if reach.is_secondary(address, primary) else primary).append(address)
    return tuple(map(str, primary + secondary))


def _with_routes(draw: st.DrawFn, layout: Layout) -> Layout:
    """The layout with routes by gateways and links that it has; what cannot be is left out."""
    up = [link for link in layout.links[1:] if link.up]
    if not up:
        return layout
    neighbours = [address for link in up for address in _neighbours(link)]
    if neighbours and not one_in(draw, 3):
        layout = _if_possible(replace(layout, default_route_via=pick(draw, neighbours)), otherwise=layout)
    for _ in range(pick(draw, (0, 0, 1, 2))):
        routes = (*layout.routes, _draw_route(draw, up))
        layout = _if_possible(replace(layout, routes=routes), otherwise=layout)
    return layout


def _draw_route(draw: st.DrawFn, up: list[Link]) -> Route:
    link = pick(draw, up)
    addresses = [IPv4Interface(text).ip for one in up for text in one.addresses]
    own = [str(address) for address in addresses if not address.is_multicast]
    return Route(
        pick(draw, _ROUTED),
        link.name,
        via=pick(draw, ["", *_neighbours(link)]),
        source=pick(draw, ["", "", "", *own]),
        metric=pick(draw, (0, 0, 100)),
    )


def _neighbours(link: Link) -> list[str]:
    """An address beside each of the link's own, if its network has room for one that is nobody's."""
    own = {IPv4Interface(text).ip for text in link.addresses}
    found = []
    for address in map(IPv4Interface, link.addresses):
        beside = IPv4Address(int(address.ip) ^ 2)
        ends = (address.network.network_address, address.network.broadcast_address)
        if address.network.prefixlen <= 30 and beside not in (*own, *ends) and not beside.is_multicast:
            found.append(str(beside))
    return found


def _if_possible(layout: Layout, *, otherwise: Layout) -> Layout:
    try:
        reach.table(layout)
    except UsageError:
        return otherwise
    return layout
