"""Cures: what people do against a fault, done just as they do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from calicolab.labs.base import Lab


@dataclass(frozen=True)
class CorrectNodeAddress:
    """The incident's cure: `calicoctl get node -o yaml`, the address corrected in an editor, `calicoctl apply -f`.

    `address` is with its prefix length. It says nothing to calico-node's autodetection: whether it lasts is for
    suites/remediation to find out.
    """

    node: str
    address: str

    name = "correct-node-address"

    def apply(self, lab: Lab) -> None:
        """Correct the address in the datastore.

        Raises:
            CommandFailed: calicoctl refused, as with "update conflict" when somebody else changed the node meanwhile.
        """
        resource = yaml.safe_load(lab.calicoctl.get_node_yaml(self.node))
        resource["spec"]["bgp"]["ipv4Address"] = self.address
        lab.calicoctl.apply(yaml.safe_dump(resource))
        lab.timeline.add("cure-applied", lab=lab.id, node=self.node, detail=f"{self.name} {self.address}")
