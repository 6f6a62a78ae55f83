"""In what the versions of calico-node differ when they look for a node's address: data, one row a change.

Read in node/pkg/lifecycle/startup of each version that this project builds; a row holds from its version to the next.
The versions between two rows were not read: v3.23.5 and v3.24.5 anchored their patterns before v3.25.0 did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from calicolab.calico import versions


@dataclass(frozen=True)
class Rules:
    """How one version goes about it."""

    #: Names that first-found and skip-interface pass over (autodetection_linux.go). They are searched for anywhere in a
    #: name: "lo" passes over nodelocaldns, too.
    excluded: tuple[str, ...]
    #: The method kubernetes-internal-ip: unknown, or it takes the network's address for the node's, or it works.
    kubernetes_internal_ip: Literal["unknown", "masked", "works"]
    #: Whether it looks for an address even with CALICO_NETWORKING_BACKEND=none.
    detects_for_policy_only: bool
    #: Whether it notes all interfaces in the Node, and looks for conflicts when these have changed.
    records_interfaces: bool


_BEFORE_V3_25 = (
    *("docker.*", "cbr.*", "dummy.*", "virbr.*", "lxcbr.*", "veth.*", "lo"),
    *("cali.*", "tunl.*", "flannel.*", "kube-ipvs.*", "cni.*"),
)
_SINCE_V3_25 = (
    *("^docker.*", "^cbr.*", "^dummy.*", "^podman.*", "^virbr.*", "^lxcbr.*", "^veth.*", "^lo", "^br-.*"),
    *("^cali.*", "^tunl.*", "^flannel.*", "^kube-ipvs.*", "^cni.*"),
    *(
        r"^vxlan\.calico.*",
        r"^vxlan-v6\.calico.*",
        r"^wireguard\.cali.*",
        r"^wg-v6\.cali.*",
        "^nodelocaldns.*",
    ),
)

_V3_21 = Rules(
    excluded=_BEFORE_V3_25,
    kubernetes_internal_ip="unknown",
    detects_for_policy_only=True,
    records_interfaces=False,
)
_V3_22 = replace(_V3_21, kubernetes_internal_ip="masked")
_V3_23_2 = replace(_V3_22, kubernetes_internal_ip="works")
_V3_25 = replace(_V3_23_2, excluded=_SINCE_V3_25)
_V3_26 = replace(_V3_25, detects_for_policy_only=False)
_V3_31 = replace(_V3_26, records_interfaces=True)

#: Oldest first: from which version on, and what holds.
HISTORY = (
    ("v3.21.4", _V3_21),
    ("v3.22.0", _V3_22),
    ("v3.23.2", _V3_23_2),
    ("v3.25.0", _V3_25),
    ("v3.26.0", _V3_26),
    ("v3.31.0", _V3_31),
)


def rules_of(version: str) -> Rules:
    """The rules of a version that is known here.

    Raises:
        UsageError: there is no such version.
    """
    wanted = versions.comparison_key(versions.lookup(version).name)
    return [rules for since, rules in HISTORY if versions.comparison_key(since) <= wanted][-1]
