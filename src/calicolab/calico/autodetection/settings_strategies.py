"""Made-up settings of calico-node, and made-up contents of the datastore, for a node that is given."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from calicolab.calico import versions
from calicolab.calico.autodetection import addresses, methods
from calicolab.calico.autodetection.draws import one_in, pick, several
from calicolab.calico.autodetection.facts import Recorded, Settings, Stored
from calicolab.calico.autodetection.rules import rules_of
from calicolab.calico.autodetection.startup import decide, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis import strategies as st

    from calicolab.calico.autodetection.facts import Layout

#: As people write them, with what they get wrong: a glob for an expression, a comma too many, Perl's look-ahead.
EXPRESSIONS = (
    *(
        "eth.*",
        "eth0",
        "^eth0$",
        "en.*",
        "br-.*",
        "br-*",
        "^br-",
        "eth[01]",
        "(eth|ens).*",
        "docker.*",
        ".*",
        "lo",
    ),
    *(
        "",
        " ",
        "*",
        "(",
        ")",
        "[",
        "a**",
        "(?!br-).*",
        "(?i)ETH0",
        r"eth\d",
        "[[:alpha:]]+0",
        "eth{1",
        r"\\",
        "+",
    ),
    "[z-a]",
)
CIDRS = (
    *(
        "192.168.21.0/24",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "172.18.0.0/16",
        "0.0.0.0/0",
        "10.0.0.5/24",
        "127.0.0.0/8",
    ),
    *("169.254.0.0/16", "fd00::/8", "", "10.0.0.0", "10.0.0.0/33", "eth0", "203.0.113.0/25"),
)
#: What can-reach may name beside the node's own addresses and its neighbours.
DESTINATIONS = (
    *(
        "8.8.8.8",
        "8.8.8.8",
        "8.8.4.4",
        "10.96.0.1",
        "10.0.0.9",
        "10.255.255.255",
        "192.168.21.255",
        "172.18.0.9",
    ),
    *("1.1.1.1", "100.64.0.7", "127.0.0.1", "127.0.9.9", "", "fd00::1", "::1", "::ffff:10.0.0.9"),
    "0.0.0.0",  # noqa: S104 - nothing is bound
)
#: What is set for IP and is no address of this node.
OTHER_IPS = (
    *(
        "10.9.9.9",
        "10.9.9.9/24",
        "autodetected",
        "Autodetect",
        "fd00::1",
        "fd00::1/64",
        "10.0.0.01",
        "10.0.0.1/33",
    ),
    *("::ffff:10.9.9.9", "10.0.0.0/24", "10.0.0.1/", " 10.0.0.1", "0.0.0.0", "None"),  # noqa: S104 - nothing is bound
)
NOT_METHODS = ("autodetect", "first-found ", "interface", "can-reach", "FIRST-FOUND", "cidr:10.0.0.0/8")
_METHODS = (
    *("", methods.FIRST_FOUND, "", methods.FIRST_FOUND, methods.INTERFACE, methods.INTERFACE),
    *(methods.SKIP_INTERFACE, methods.SKIP_INTERFACE, methods.CIDR, methods.CIDR),
    *(methods.CAN_REACH, methods.CAN_REACH, methods.CAN_REACH, methods.KUBERNETES_INTERNAL_IP, "invalid"),
)
_IPS = (*["autodetect"] * 12, "", "none", None, "given", "given", "given")
_SEPARATORS = (",", ", ", " ,")


def draw_settings(draw: st.DrawFn, layout: Layout, *, near: Sequence[str]) -> Settings:
    """Settings for this node; `near` are addresses of its neighbours."""
    ip = pick(draw, _IPS)
    return Settings(
        ip=pick(draw, [*_own(layout), *OTHER_IPS]) if ip == "given" else ip,
        method=_draw_method(draw, layout, near=near),
        node_ip_check=not one_in(draw, 4),
        backend=pick(draw, ("bird", "bird", "bird", "bird", "vxlan", "none")),
    )


def draw_kubernetes(draw: st.DrawFn, layout: Layout, settings: Settings) -> Settings:
    """The settings of a node that is one of Kubernetes' as well: it mostly looks for what the kubelet has noted."""
    own = [text.partition("/")[0] for link in reversed(layout.links) for text in link.addresses]
    methods_asked = (
        *[methods.KUBERNETES_INTERNAL_IP] * 6,
        f"{methods.KUBERNETES_INTERNAL_IP}s",
        settings.method,
    )
    return replace(
        settings,
        ip=pick(draw, ("autodetect", "autodetect", "autodetect", "", settings.ip)),
        method=pick(draw, methods_asked),
        kubernetes=True,
        kubernetes_internal_ip=pick(draw, (*own, *own, *own, "10.9.9.9", None)),
    )


def draw_stored(
    draw: st.DrawFn, layout: Layout, settings: Settings, *, other_address: Callable[[st.DrawFn], str]
) -> Stored:
    """What may be stored of this node and others: its own addresses, stale ones, addresses that others have, too."""
    own = _own(layout)
    # What it would take is what others are to have: conflicts are drawn, not waited for.
    wanted = decide(versions.known()[-1], layout, settings, Stored()).address or own[0]
    address = pick(draw, (None, None, *own, "10.9.9.9/24"))

    def another(draw: st.DrawFn) -> str:
        return pick(draw, (wanted, wanted, *own)) if not one_in(draw, 4) else other_address(draw)

    names = several(draw, lambda draw: pick(draw, ("node01", "node02", "a", "zz-last", "node-1")), most=3)
    noted = recorded(layout, settings, rules_of("v3.31.0"))
    interfaces = pick(draw, (noted, (), (Recorded("eth0", ("192.168.21.11",)),), noted[1:]))
    return Stored(
        address,
        {name: another(draw) for name in sorted(names)},
        interfaces=interfaces if address is not None else (),
        exists=address is not None or one_in(draw, 2),
    )


def _own(layout: Layout) -> list[str]:
    """The node's addresses, each with its prefix length and without."""
    texts = [text for link in reversed(layout.links) for text in link.addresses]
    return [*texts, *(text.partition("/")[0] for text in texts)]


def _draw_method(draw: st.DrawFn, layout: Layout, *, near: Sequence[str]) -> str | None:
    kind = pick(draw, _METHODS)
    if kind in (methods.INTERFACE, methods.SKIP_INTERFACE):
        names = [link.name for link in layout.links]
        return kind + _joined(draw, [*EXPRESSIONS, *names, *names, *(f"^{name}$" for name in names)])
    if kind == methods.CIDR:
        return kind + _joined(draw, CIDRS)
    if kind == methods.CAN_REACH:
        own = [IPv4Interface(text) for link in layout.links for text in link.addresses]
        ends = [str(one.network.broadcast_address) for one in own]
        destinations = [*DESTINATIONS, *near, *near, *(str(one.ip) for one in own), *ends]
        return kind + pick(draw, [one for one in destinations if not _is_multicast(one)])
    if kind == "invalid":
        return pick(draw, NOT_METHODS)
    return kind or None


def _is_multicast(text: str) -> bool:
    """Whether the model would refuse to tell, as the kernel has ways of its own there."""
    parsed = addresses.parse(text)
    return parsed is not None and parsed.ipv4 is not None and parsed.ipv4.is_multicast


def _joined(draw: st.DrawFn, parts: Sequence[str]) -> str:
    count = pick(draw, (1, 1, 2, 3))
    return pick(draw, _SEPARATORS).join(pick(draw, parts) for _ in range(count))
