"""When people are at work, and when they will be again; pure.

Clocks may be put forward or back: see ``bot.calendar.moment``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.calendar import moment
from bot.settings.calendar import WorkingHours

_DAYS_AHEAD = 16
"""Days looked at: a day that clocks skip as a whole (Apia, 2011-12-30) is made up for a week later."""


def is_open(hours: WorkingHours, now: float) -> bool:
    """True while people are at work; ``now`` is in seconds since the epoch."""
    zone, (opens, closes) = hours.clock, hours.hours
    over_midnight = 1440 if closes < opens else 0
    today = datetime.fromtimestamp(now, zone).date()
    return any(
        moment(day, opens, zone) <= now < moment(day, closes + over_midnight, zone)
        for day in (today - timedelta(days=1), today)
        if day.weekday() in hours.weekdays
    )


def next_business_day(now: float, zone: ZoneInfo, days: Collection[int], opens: int) -> float:
    """When the next business day begins, in seconds since the epoch, always later than ``now``.

    That is today's beginning while it is still to come. ``days`` are numbers of weekdays, Monday 0, at least one;
    ``opens`` is the minute of the day at which they begin. Raises ValueError when no day is a business day.
    """
    today = datetime.fromtimestamp(now, zone).date()
    for number in range(_DAYS_AHEAD):
        day = today + timedelta(days=number)
        begins = moment(day, opens, zone)
        # A day that a zone skipped as a whole has no beginning of its own.
        if day.weekday() in days and begins > now and datetime.fromtimestamp(begins, zone).date() == day:
            return begins
    raise ValueError("no day of the week is a business day")


def next_opening(hours: WorkingHours, now: float) -> float:
    """When people are at work next: now while they are, else the beginning of the next business day."""
    if is_open(hours, now):
        return now
    return next_business_day(now, hours.clock, hours.weekdays, hours.hours[0])
