"""How asking a BIRD can fail. None of these says anything of Calico: each says why the question went unanswered."""

from __future__ import annotations

from calicolab.errors import LabError


class BirdError(LabError):
    """A BIRD gave no usable answer. The message is one sentence that begins with the control socket's path."""

    #: Which of the failures it is, in two or three words.
    reason = "no answer"


class BirdUnreachable(BirdError):
    """Nothing could be asked: base of those failures where no answer came at all."""


class BirdMissing(BirdUnreachable):
    """There is no control socket: no BIRD has been started there, or its container is gone."""

    reason = "no socket"


class BirdRefused(BirdUnreachable):
    """There is a control socket that nobody listens on: BIRD was killed and left it behind."""

    reason = "refused"


class BirdHung(BirdUnreachable):
    """It took the connection, or left it waiting, and did not answer in time: BIRD is stopped or busy."""

    reason = "hung"


class BirdClosed(BirdUnreachable):
    """It closed a fresh connection before it had answered: BIRD is ending."""

    reason = "closed"


class BirdProtocolError(BirdError):
    """It answered something that BIRD 1.6 does not say."""

    reason = "not BIRD's protocol"


class BirdCommandError(BirdError):
    """BIRD refused a command; `code` is its reply code, 8000 to 9999."""

    reason = "command refused"

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code
