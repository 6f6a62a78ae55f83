"""A lab as it is asked for: what an option, a command or a script says of it."""

from __future__ import annotations

from dataclasses import dataclass

#: The incident's network.
SUBNET = "192.168.21.0/24"
NODES = 3
#: One control plane, or three behind a load balancer, as the incident had them; for the labs that have any.
CONTROL_PLANES = (1, 3)


@dataclass(frozen=True)
class Asked:
    """What a lab should be. `version` is Calico's, `source` where its programs come from."""

    kind: str
    version: str
    nodes: int = NODES
    control_planes: int = 1
    subnet: str = SUBNET
    source: str = "gomod"

    @property
    def id(self) -> str:
        """The lab's id, part of every test id, such as "kind-v3.23.2"."""
        return f"{self.kind}-{self.version}"
