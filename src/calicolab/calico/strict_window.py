"""The readiness probe's strict window: for how long after its start calico-node must have every session, by what clock.

The clock is the age of a file that calico-node writes at its start (calico v3.21 to v3.31, node/pkg/health/health.go).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calicolab.labs.base import Node

#: Seconds, the probe's default -threshold-time.
LENGTH = 30.0
NODENAME_FILE = "/var/lib/calico/nodename"


def age(node: Node) -> float:
    """Seconds since calico-node wrote its name, as the probe reckons."""
    written = float(node.run(["stat", "--format=%.Y", NODENAME_FILE]).stdout)
    return datetime.now(UTC).timestamp() - written


def open_again(node: Node) -> None:
    """Make the probe strict again, as if calico-node had just started."""
    node.run(["touch", NODENAME_FILE])


def close(node: Node) -> None:
    """Make the probe lenient, as if calico-node had started an hour ago."""
    node.run(["touch", "--date=1 hour ago", NODENAME_FILE])
