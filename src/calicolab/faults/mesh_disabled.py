"""The incident's other sighting: `calicoctl node status` without any peer, although every address is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calicolab.labs.base import Lab

RESOURCE = """\
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata:
  name: default
spec:
  nodeToNodeMeshEnabled: {enabled}
  asNumber: 64512
"""


@dataclass(frozen=True)
class MeshDisabled:
    """The node-to-node mesh is switched off and no BGPPeer takes its place: BIRD is told of no peer at all."""

    name = "mesh-disabled"
    node = ""
    story = (
        "BGPConfiguration/default has nodeToNodeMeshEnabled: false and there is no BGPPeer, as after half a move to "
        "route reflectors. Every node keeps its right address and BIRD runs, but has no peer; the probe calls that "
        "ready (health.go: no peers is ready), while routes to the other nodes' pods go (calico#1081, #3785)."
    )

    def applies_to(self, version: str, lab_kind: str) -> bool:
        """Every version and lab."""
        del version, lab_kind
        return True

    def inject(self, lab: Lab) -> None:
        """Switch the mesh off."""
        lab.calicoctl.apply(RESOURCE.format(enabled="false"))

    def injected(self, lab: Lab) -> bool:
        """Whether the datastore says that the mesh is off."""
        return lab.calicoctl.mesh_enabled() is False

    def heal(self, lab: Lab) -> None:
        """Switch the mesh on."""
        lab.calicoctl.apply(RESOURCE.format(enabled="true"))

    def healed(self, lab: Lab) -> bool:
        """Whether the datastore says that the mesh is on."""
        return lab.calicoctl.mesh_enabled()
