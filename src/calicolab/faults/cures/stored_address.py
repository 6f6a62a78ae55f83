"""Cures of the Node resource: the address that the datastore holds is corrected by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from calicolab.calico import address_monitor, start
from calicolab.calico.calicoctl import UpdateConflict
from calicolab.faults.cures.base import FOR_GOOD, Lasting

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

#: How often a corrected YAML is fetched, edited and applied in all, when the resource was changed meanwhile.
ATTEMPTS = 3


@dataclass(frozen=True)
class CorrectNodeAddress:
    """The incident's cure: `calicoctl get node -o yaml`, the address corrected in an editor, `calicoctl apply -f`.

    `address` is with its prefix length.
    """

    node: str
    address: str

    name = "correct-node-address"
    story = (
        "`calicoctl get node -o yaml`, the address corrected in an editor, `calicoctl apply -f`: the incident's own "
        "cure. calico-node's settings stay as they are."
    )

    def apply(self, lab: Lab) -> None:
        """Correct the address in the datastore; once more when calico-node wrote to the resource meanwhile.

        Raises:
            CommandFailed: calicoctl refused, as with "update conflict" each time.
        """
        for attempt in range(1, ATTEMPTS + 1):
            resource = yaml.safe_load(lab.calicoctl.get_node_yaml(self.node))
            resource["spec"]["bgp"]["ipv4Address"] = self.address
            try:
                lab.calicoctl.apply(yaml.safe_dump(resource))
                break
            except UpdateConflict:
                if attempt == ATTEMPTS:
                    raise
        lab.timeline.add("cure-applied", lab=lab.id, node=self.node, detail=f"{self.name} {self.address}")

    def works(self, version: str) -> bool:
        """On every version."""
        del version
        return True

    def lasts(self, version: str) -> Lasting:
        """Until calico-node looks for its address again.

        It does when it starts (node/pkg/lifecycle/startup/startup.go, configureIPsAndSubnets: IP=autodetect replaces
        what is stored). Its monitor looks every 60 s, but through v3.28 compares what it finds with the Node that it
        read when it began, sees no change and writes nothing, unless the cure came before that, in the first second of
        calico-node; from v3.29 on it reads the Node each time (MonitorIPAddressSubnets, calico#8728).
        """
        return Lasting(
            monitor=not address_monitor.reads_the_node_again(version), restart=False, upgrade=False
        )


@dataclass(frozen=True)
class KeepStoredAddress:
    """Autodetection switched off, and then the stored address corrected.

    In this order: the other way round calico-node's monitor may undo the correction before the setting is there.
    `address` is with its prefix length.
    """

    node: str
    address: str

    name = "IP=none"
    story = (
        "calico-node is started with IP=none, so that it keeps whatever address is stored, and then that is corrected "
        "by `calicoctl apply`."
    )

    def apply(self, lab: Lab) -> None:
        """Start calico-node with IP=none and, when it has started, correct the address.

        Raises:
            LabError: it did not start.
            CommandFailed: calicoctl refused.
        """
        start.afresh(lab.node(self.node), environment={"IP": "none"})
        CorrectNodeAddress(node=self.node, address=self.address).apply(lab)

    def works(self, version: str) -> bool:
        """On every version."""
        del version
        return True

    def lasts(self, version: str) -> Lasting:
        """For good: with IP=none and a value stored, nothing looks for another (configureIPsAndSubnets)."""
        del version
        return FOR_GOOD
