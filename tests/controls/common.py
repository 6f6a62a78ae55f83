"""The sabotages that several checks share."""

from __future__ import annotations

from tests.controls.control import Sabotage
from tests.controls.sabotages import packets_dropped, service_down, session_off

#: For a check of a full mesh.
SESSION_OFF = Sabotage(
    "session-off",
    "BIRD's session from node02 to node03 is disabled on node02",
    act=lambda scene: session_off(scene.lab, "node02", scene.lab.node("node03").address),
    says="node02 to node03: down",
)
#: For a check that every node is ready.
FELIX_DOWN = Sabotage(
    "felix-down",
    "Felix is stopped on node03, the last node that is asked",
    act=lambda scene: service_down(scene.lab, "node03", "felix"),
    says="felix is not ready",
)
#: For a check that all pods talk.
UDP_LOST = Sabotage(
    "udp-lost",
    "datagrams from node01's pod to node03's are dropped, one way of one kind",
    act=lambda scene: packets_dropped(scene.lab, "node01", "node03", "-p", "udp"),
    says="pod-node01 -> pod-node03 +udp(: | +reached +cut)",
)
BIG_PACKETS_LOST = Sabotage(
    "big-packets-lost",
    "TCP segments of more than 1200 bytes from node02's pod to node01's are dropped, as where an MTU is wrong",
    act=lambda scene: packets_dropped(
        *(scene.lab, "node02", "node01", "-p", "tcp", "-m", "length", "--length", "1200:65535")
    ),
    says="pod-node02 -> pod-node01 +transfer(: | +reached +cut)",
)
