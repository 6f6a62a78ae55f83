"""The few ways in which made-up nodes are drawn, cheap enough for thousands: each draw is one small number."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


@cache
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


def pick(draw: st.DrawFn, options: Sequence[T]) -> T:
    """One of the options. The first is the plainest: shrinking goes there."""
    return options[draw(_below(len(options)))]


def one_in(draw: st.DrawFn, count: int) -> bool:
    """True once in so many draws."""
    return draw(_below(count)) == count - 1


def several(draw: st.DrawFn, make: Callable[[st.DrawFn], T], *, most: int) -> list[T]:
    """None to `most` of what `make` draws, each once."""
    return list(dict.fromkeys(make(draw) for _ in range(draw(_below(most + 1)))))
