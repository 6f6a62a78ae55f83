"""Which faults are in a lab, noted on the nodes themselves: a run that is killed takes its ledger with it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.faults.base import Fault
    from calicolab.labs.base import Lab, Node

#: A file a fault, called by the fault's name and a number of its own. No node keeps its /run when it starts again, nor
#: the interfaces that were made.
FOLDER = "/run/calicolab/faults"


def mark(lab: Lab, fault: Fault) -> None:
    """Note that `fault` is about to be injected."""
    for node in _nodes(lab, fault):
        node.run(["mkdir", "-p", FOLDER])
        node.run(["touch", _file(fault)])


def unmark(lab: Lab, fault: Fault) -> None:
    """Note that `fault` is gone. One that was not noted is no error."""
    for node in _nodes(lab, fault):
        node.run(["rm", "-f", _file(fault)])


def found(lab: Lab) -> tuple[str, ...]:
    """The faults that are noted, whoever injected them, such as "docker-bridge on node02"."""
    return tuple(
        f"{file.rpartition('-')[0]} on {node.name}"
        for node in lab.nodes
        if (listed := node.run_status(["ls", FOLDER])).succeeded
        for file in listed.stdout.split()
    )


def _nodes(lab: Lab, fault: Fault) -> Sequence[Node]:
    """Where a fault is noted: one that is the cluster's, on the first node."""
    return [lab.node(fault.node)] if fault.node else lab.nodes[:1]


def _file(fault: Fault) -> str:
    # Two of one name may be on one node, as two bridges.
    return f"{FOLDER}/{fault.name}-{hashlib.sha256(repr(fault).encode()).hexdigest()[:8]}"
