"""What Calico keeps in etcd, as far as an upgrade must leave it alone, through calicoctl."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from calicolab.calico.ipam import Usage
from calicolab.etcd.history import values_since

if TYPE_CHECKING:
    from calicolab.calico.calicoctl import Calicoctl, IpPool
    from calicolab.etcd.history import Etcdctl

#: Where Calico keeps a Node resource in etcd (libcalico-go, lib/backend/model/resource.go, v3.21 to v3.31).
NODE_KEY = "/calico/resources/v3/projectcalico.org/nodes/{}"


@dataclass(frozen=True)
class Stored:
    """The nodes' addresses, the pools and the addresses in use, and what the cluster says of itself."""

    #: ClusterInformation: the version of the calico-node that started last, and whether the datastore may be used.
    version: str
    ready: bool
    #: The BGP address of each Node resource, with its prefix length; None when unset.
    addresses: Mapping[str, str | None]
    pools: tuple[IpPool, ...]
    #: Of each pool and each block, how many addresses are in use.
    usage: tuple[Usage, ...]

    @classmethod
    def read(cls, calicoctl: Calicoctl) -> Stored:
        """What is stored now.

        Raises:
            CalicoctlError: calicoctl refused.
        """
        cluster = calicoctl.get("clusterinformation", "default").get("spec") or {}
        return cls(
            version=str(cluster.get("calicoVersion", "")),
            ready=bool(cluster.get("datastoreReady", False)),
            addresses={address.node: address.ipv4 for address in calicoctl.node_addresses()},
            pools=calicoctl.ip_pools(),
            usage=calicoctl.ipam_show(),
        )

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return sum(usage.grouping == "Block" for usage in self.usage)


def addresses_since(etcdctl: Etcdctl, node: str, *, since: int) -> tuple[str | None, ...]:
    """The BGP addresses stored of `node` from etcd's revision `since` on, each as often as it was changed to.

    Raises:
        CommandFailed: etcd does not say.
    """
    values = values_since(etcdctl, NODE_KEY.format(node), since=since)
    addresses = [_address(json.loads(value)) if value else None for value in values]
    return tuple(one for one, last in zip(addresses, [..., *addresses], strict=False) if one != last)


def _address(resource: Mapping[str, Any]) -> str | None:
    bgp: Mapping[str, str] = resource.get("spec", {}).get("bgp") or {}
    return bgp.get("ipv4Address")


#: What an upgrade changes on purpose.
_MEANT = ("version",)


def differences(before: Stored, after: Stored) -> tuple[str, ...]:
    """What is stored otherwise than before, but for the version; a sentence each."""
    return tuple(
        f"{field.name}: {_parts(getattr(before, field.name))} before, {_parts(getattr(after, field.name))} after"
        for field in fields(Stored)
        if field.name not in _MEANT and getattr(before, field.name) != getattr(after, field.name)
    )


def _parts(value: object) -> str:
    """A value of `Stored`, as short as it can be read."""
    if isinstance(value, Mapping):
        return ", ".join(f"{node} {address}" for node, address in value.items())
    if isinstance(value, tuple):
        return ", ".join(
            f"{one.cidr} {one.in_use:g} in use" if isinstance(one, Usage) else str(one) for one in value
        )
    return str(value)


def in_words(before: Stored, after: Stored) -> str:
    """What became of the data, in a sentence."""
    changed = differences(before, after)
    kept = f"{len(after.addresses)} nodes, {len(after.pools)} pools and {after.blocks} blocks"
    how = f"changed: {'; '.join(changed)}" if changed else f"{kept} as before"
    return f"calicoVersion {before.version} -> {after.version}; {how}"
