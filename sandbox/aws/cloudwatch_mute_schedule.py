"""When a mute rule mutes: one window at an instant, or one for every match of a cron expression.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=15)

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2})\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+)\)")
_DURATION = re.compile(r"P(?:(?P<days>\d+)D)?(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SUNDAY = 7
"""Cron's other number for Sunday."""


class ScheduleError(ValueError):
    """The schedule cannot be read; the message is CloudWatch's."""


@dataclass(frozen=True)
class Window:
    """A time in which actions are muted: start <= now < end, in seconds since the epoch."""

    start: float
    end: float


@dataclass(frozen=True)
class _Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None

    def falls_on(self, day: date) -> bool:
        """Whether it matches some time of a day; of days of the month and of the week either will do, as in cron."""
        if day.month not in self.months:
            return False
        wanted = [set_ for set_ in (self.days, self.weekdays) if set_ is not None]
        if not wanted:
            return True
        by_date = self.days is not None and day.day in self.days
        return by_date or (self.weekdays is not None and day.isoweekday() % _SUNDAY in self.weekdays)

    def latest_until(self, moment: datetime, earliest: datetime) -> datetime | None:
        """The last match at or before a local time, not before another one."""
        day = moment.date()
        while day >= earliest.date():
            if self.falls_on(day):
                for found in self._times(day):
                    if found <= moment:
                        return found if found >= earliest else None
            day -= timedelta(days=1)
        return None

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in sorted(self.hours, reverse=True):
            for minute in sorted(self.minutes, reverse=True):
                yield datetime.combine(day, time(hour, minute))


@dataclass(frozen=True)
class MuteSchedule:
    """A schedule that was read; ``at`` of a one-time rule is local time."""

    zone: ZoneInfo
    duration: timedelta
    at: datetime | None
    cron: _Cron | None

    def window(self, now: float) -> Window | None:
        """The window that is open at ``now`` (seconds since the epoch)."""
        local = datetime.fromtimestamp(now, UTC).astimezone(self.zone).replace(tzinfo=None)
        start = self.at
        if self.cron is not None:
            # A day more, since the clocks may have been changed in between.
            start = self.cron.latest_until(local, local - self.duration - timedelta(days=1))
        if start is None:
            return None
        begins = start.replace(tzinfo=self.zone).timestamp()
        window = Window(begins, begins + self.duration.total_seconds())
        return window if window.start <= now < window.end else None

    def ends_for_good(self) -> float | None:
        """When a one-time rule is over; None for one that recurs."""
        if self.at is None:
            return None
        return self.at.replace(tzinfo=self.zone).timestamp() + self.duration.total_seconds()


def read_schedule(expression: str, duration: str, timezone: str = "UTC") -> MuteSchedule:
    """Read what PutAlarmMuteRule was given. Raises ScheduleError."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ScheduleError(f"Invalid timezone: {timezone}") from None
    lasts = _read_duration(duration)
    once = _AT.fullmatch(expression)
    if once:
        try:
            return MuteSchedule(zone, lasts, datetime.fromisoformat(once[1]), None)
        except ValueError:
            raise ScheduleError(f"Invalid schedule expression: {expression}") from None
    recurring = _CRON.fullmatch(expression)
    if not recurring:
        raise ScheduleError(f"Invalid schedule expression: {expression}")
    minutes, hours, days, months, weekdays = recurring.groups()
    cron = _Cron(
        minutes=_field(minutes, range(60)),
        hours=_field(hours, range(24)),
        days=None if days == "*" else _field(days, range(1, 32)),
        months=_field(months, range(1, 13), _MONTHS, 1),
        weekdays=None
        if weekdays == "*"
        else frozenset(day % _SUNDAY for day in _field(weekdays, range(_SUNDAY + 1), _DAYS)),
    )
    return MuteSchedule(zone, lasts, None, cron)


def _read_duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    lasts = timedelta(**{name: int(value) for name, value in found.groupdict("0").items()}) if found else timedelta()
    if not SHORTEST <= lasts <= LONGEST:
        raise ScheduleError(f"Invalid duration: {text}. It must be between PT1M and P15D.")
    return lasts


def _field(text: str, allowed: range, names: tuple[str, ...] = (), first: int = 0) -> frozenset[int]:
    """The numbers of a cron field. Only ``*``, ``-`` and ``,`` are known there, no steps."""
    found: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.partition("-")
        if part == "*":
            found |= set(allowed)
            continue
        begin = _number(low, names, first)
        end = _number(high, names, first) if dash else begin
        if begin is None or end is None or begin > end or begin not in allowed or end not in allowed:
            raise ScheduleError(f"Invalid cron field: {text}")
        found |= set(range(begin, end + 1))
    return frozenset(found)


def _number(text: str, names: tuple[str, ...], first: int) -> int | None:
    if text.upper() in names:
        return names.index(text.upper()) + first
    return int(text) if text.isascii() and text.isdigit() else None
