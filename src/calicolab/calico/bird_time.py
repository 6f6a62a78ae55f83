"""What BIRD's times mean. BIRD 1.6 prints whole seconds of local time, and of today's events the time of day only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from calicolab.calico.bird_errors import BirdProtocolError

#: Time zones differ from UTC by whole quarters of an hour.
ZONE_STEP = timedelta(minutes=15)
#: BIRD's two clocks tick apart, so that a time it prints may lie this far ahead of the one it calls now.
AHEAD = timedelta(seconds=60)
SECOND, DAY = 1.0, 86400.0

#: A time as BIRD prints it: of the day; with the date; the date alone, for what is older than 20 hours.
PATTERN = r"\d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?"
_TIME = re.compile(rf"(?:{PATTERN})\Z", re.ASCII)


@dataclass(frozen=True)
class Moment:
    """A point of time in UTC, and how exactly it is known: `precision` is in seconds."""

    at: datetime
    precision: float


@dataclass(frozen=True)
class Clock:
    """BIRD's own clock as it was read: `now` in the zone that BIRD prints its times in."""

    now: datetime

    @classmethod
    def read(cls, text: str, *, ours: datetime | None = None) -> Clock:
        """The clock that shows `text`, such as "2026-11-23 11:48:10".

        Args:
            text: the current server time that `show status` gives.
            ours: the time at which it was asked; now when None. What BIRD's time differs from it is its time zone.

        Raises:
            BirdProtocolError: it is no date and time: the configuration has a `timeformat base` of its own.
        """
        try:
            local = datetime.fromisoformat(text)
            away = (local - (ours or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)) / ZONE_STEP
            return cls(local.replace(tzinfo=timezone(round(away) * ZONE_STEP)))
        except (ValueError, TypeError) as error:
            raise BirdProtocolError(
                f"BIRD's server time is {text!r}, not a date and time: its configuration must not set `timeformat base`"
            ) from error

    def moment(self, text: str) -> Moment:
        """The moment that BIRD prints as `text`; one without a date is the last before now.

        Raises:
            BirdProtocolError: it is no time as BIRD prints it when left alone.
        """
        if _TIME.match(text) is None:
            raise _not_a_time(text)
        of_the_day = text[2] == ":"
        try:
            at = datetime.fromisoformat(f"{self.now.date()} {text}" if of_the_day else text)
            at = at.replace(tzinfo=self.now.tzinfo)
            if of_the_day and at > self.now + AHEAD:
                at -= timedelta(days=1)
            return Moment(at.astimezone(UTC), precision=SECOND if ":" in text else DAY)
        except (ValueError, OverflowError) as error:
            raise _not_a_time(text) from error


def _not_a_time(text: str) -> BirdProtocolError:
    return BirdProtocolError(
        f"{text!r} is no time as BIRD prints it: its configuration must not set `timeformat`"
    )
