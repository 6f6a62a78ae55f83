"""What a BIRD says of itself: `show status`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico.bird_errors import BirdProtocolError
from calicolab.calico.bird_time import Clock

if TYPE_CHECKING:
    from datetime import datetime

    from calicolab.calico.bird_protocol import Reply

#: Code of "Graceful restart recovery in progress" (BIRD 1.6, doc/reply_codes).
RECOVERING = 24

_WAITING = re.compile(r"Waiting for (\d{1,18}) protocols? to recover", re.ASCII)
_TIMER = re.compile(r"Wait timer is (\d{1,18})/(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Recovery:
    """BIRD was started with -R and still waits for its peers to send their routes again (RFC 4724).

    `waiting_for` is how many protocols are awaited; `seconds_left` of `seconds` remain until it gives up.
    """

    waiting_for: int
    seconds_left: int
    seconds: int


@dataclass(frozen=True)
class BirdStatus:
    """One answer to `show status`; times are in UTC, to the second."""

    version: str
    router_id: str
    #: BIRD's own time, in the zone that it prints its times in.
    clock: Clock
    last_reboot: datetime
    last_reconfiguration: datetime
    #: None unless a graceful restart of BIRD's own is under way. calico-node's probe is not ready during one.
    recovery: Recovery | None
    #: Such as "Daemon is up and running", "Reconfiguration in progress" or "Shutdown in progress".
    state: str

    @property
    def server_time(self) -> datetime:
        """What BIRD took for the current time when it answered."""
        return self.clock.now


def parse(reply: Reply, *, ours: datetime | None = None) -> BirdStatus:
    """Read an answer to `show status`.

    Args:
        reply: the answer.
        ours: when it was given; now when None.

    Raises:
        BirdProtocolError: it is no such answer.
    """
    text = "\n".join(line.text for line in reply.lines)
    clock = Clock.read(_after(text, "Current server time is "), ours=ours)
    return BirdStatus(
        version=_after(text, "BIRD "),
        router_id=_after(text, "Router ID is "),
        clock=clock,
        last_reboot=clock.moment(_after(text, "Last reboot on ")).at,
        last_reconfiguration=clock.moment(_after(text, "Last reconfiguration on ")).at,
        recovery=_recovery(reply),
        state=reply.lines[-1].text.strip(),
    )


def _after(text: str, label: str) -> str:
    for line in text.splitlines():
        if line.startswith(label):
            return line.removeprefix(label).strip()
    raise BirdProtocolError(f"`show status` does not say {label.strip()!r}")


def _recovery(reply: Reply) -> Recovery | None:
    said = "\n".join(line.text for line in reply.lines if line.code == RECOVERING)
    if not said:
        return None
    waiting, timer = _WAITING.search(said), _TIMER.search(said)
    return Recovery(
        waiting_for=int(waiting[1]) if waiting else 0,
        seconds_left=int(timer[1]) if timer else 0,
        seconds=int(timer[2]) if timer else 0,
    )
