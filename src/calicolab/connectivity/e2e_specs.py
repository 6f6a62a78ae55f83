"""Which of Kubernetes' own conformance tests are run: those that show pods, services, DNS and policies to work.

None needs a cloud, and the images that they run in are agnhost and jessie-dnsutils alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

#: Of the whole set: the parts of sig-network that a network plugin answers for. Go regular expressions.
ALL_FOCUS = (
    r"\[sig-network\] Networking Granular Checks: (Pods|Services)",
    r"\[sig-network\] Services .*\[Conformance\]",
    r"\[sig-network\] DNS .*\[Conformance\]",
    r"\[sig-network\] Netpol NetworkPolicy between server and client",
)
#: What the whole set leaves out: what a lab cannot have, or what would disturb the other specs.
ALL_SKIP = (r"\[Feature:SCTPConnectivity\]", r"\[Disruptive\]", r"\[Serial\]")
#: Characters of a spec's name in a check's id.
ID_LIMIT = 50
#: What many names begin with, as ids have it.
_SHORT = {
    "netpol-networkpolicy-between-server-and-client-should-": "policy-",
    "networking-granular-checks-": "granular-",
}


@dataclass(frozen=True)
class Spec:
    """A spec of e2e.test."""

    #: Short, the part of a check's id that says which.
    id: str
    #: Its full text, which no other spec has.
    name: str

    def __str__(self) -> str:
        return self.name


#: Pods to pods and nodes to pods, over TCP and UDP: the incident's own official test.
GRANULAR = tuple(
    Spec(
        f"{who}-{how}",
        "[sig-network] Networking Granular Checks: Pods should function for "
        f"{who} communication: {how}{linux} [NodeConformance] [Conformance]",
    )
    for who, linux in (("intra-pod", ""), ("node-pod", " [LinuxOnly]"))
    for how in ("http", "udp")
)
#: The spec that is run while the fault is there.
PODS_TO_PODS = GRANULAR[0]
#: What is run in CI: each kind once or twice, three minutes with both phases on two cores.
CI = (
    *GRANULAR,
    Spec(
        "service-endpoints",
        "[sig-network] Services should serve a basic endpoint from pods [Conformance]",
    ),
    Spec(
        "service-node-port",
        "[sig-network] Services should be able to create a functioning NodePort service [Conformance]",
    ),
    Spec("dns-cluster", "[sig-network] DNS should provide DNS for the cluster [Conformance]"),
    Spec("dns-services", "[sig-network] DNS should provide DNS for services [Conformance]"),
    Spec(
        "policy-default-deny",
        "[sig-network] Netpol NetworkPolicy between server and client should support a "
        "'default-deny-ingress' policy [Feature:NetworkPolicy]",
    ),
)


def spec_of(name: str) -> Spec:
    """A spec by its full text; its id is that text's own words, with a checksum when they are cut short."""
    for known in CI:
        if known.name == name:
            return known
    words = re.sub(r"\[[^\]]*\]", " ", name)
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    for long, short in _SHORT.items():
        slug = slug.replace(long, short, 1)
    if len(slug) > ID_LIMIT:
        slug = f"{slug[:ID_LIMIT].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    return Spec(slug, name)
