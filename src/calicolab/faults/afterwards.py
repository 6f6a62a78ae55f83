"""What is to be done however something ends, and never in place of how it ended."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calicolab.errors import CalicolabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def afterwards(action: Callable[[], object], *, otherwise: str) -> Iterator[None]:
    """Do `action` on the way out, whatever happened meanwhile.

    Args:
        action: what is to be done.
        otherwise: what it means when it cannot, such as "and the bridge did not heal".

    Raises:
        BaseExceptionGroup: both went wrong; what happened first is in front.
    """
    try:
        yield
    except BaseException as first:
        try:
            action()
        except CalicolabError as second:
            raise BaseExceptionGroup(otherwise, [first, second]) from first
        raise
    action()
