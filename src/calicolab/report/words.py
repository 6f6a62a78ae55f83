"""Numbers and times as people say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def counted(number: int, what: str) -> str:
    """A number of things, such as "1 check" or "3 checks"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def milliseconds(value: float) -> str:
    """A time in milliseconds, in the unit that suits it."""
    if value < 10:
        return f"{value:.1f} ms"
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:.2f} s" if value < 10_000 else f"{value / 1000:.1f} s"


def seconds(value: float) -> str:
    """A time in seconds."""
    value = float(value)
    if value < 120:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def moment(value: datetime) -> str:
    """A date and time, with its zone."""
    return value.strftime("%Y-%m-%d %H:%M:%S %Z").strip()
