"""What `calico-node -startup` does with a node's BGP address: the model, written down and proved against the program.

Given a version, the node's interfaces, the settings and what is stored, `decide` says which address calico-node takes,
on which interface, or that it keeps the stored one, or dies, and in which words. IPv4 on Linux. It imports nothing of
the labs, so it can be asked about any node: `calicolab autodetect` does.
"""

from calicolab.calico.autodetection.facts import (
    Decision,
    Layout,
    Link,
    Outcome,
    Recorded,
    Route,
    Settings,
    Stored,
)
from calicolab.calico.autodetection.startup import decide

__all__ = [
    "Decision",
    "Layout",
    "Link",
    "Outcome",
    "Recorded",
    "Route",
    "Settings",
    "Stored",
    "decide",
]
