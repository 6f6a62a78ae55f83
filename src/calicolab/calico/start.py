"""calico-node's own start: begun, and waited for until it has looked for its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.errors import LabError
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.labs.base import Node

#: The container says so when `calico-node -startup` is over: the address is stored by then
#: (node/filesystem/etc/rc.local, v3.21 to v3.31).
STARTED = "Calico node started successfully"
#: Seconds for it, on a busy machine.
TIMEOUT = 60.0


def afresh(
    node: Node, *, environment: Mapping[str, str] | None = None, until: Sequence[str] = (STARTED,)
) -> str:
    """Start calico-node afresh on `node`, wait until it has stored its address, and return what it said meanwhile.

    Args:
        node: the node.
        environment: settings to add to or change in the container's environment from now on.
        until: the words that end the wait, whichever come first.

    Raises:
        LabError: it has not said so in time.
    """
    before = node.calico.logs()
    node.calico.restart(environment=environment)
    try:
        # A lab may keep the log of the container before, or begin a new one.
        return wait_for(
            lambda: node.calico.logs().removeprefix(before),
            until=lambda said: any(words in said for words in until),
            timeout=TIMEOUT,
            interval=0.05,
        )
    except WaitTimeout as error:
        raise LabError(f"calico-node did not start on {node.name}: {error}") from error
