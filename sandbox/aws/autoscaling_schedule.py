"""When a scheduled action runs: ``at(…)``, ``rate(…)`` and ``cron(…)`` as Application Auto Scaling writes them.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import re
from calendar import month_abbr
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EXPRESSION = re.compile(r"(?P<kind>at|rate|cron)\((?P<body>[^()]+)\)")
_UNITS = {"minute": 60, "hour": 3_600, "day": 86_400}
_MONTHS = {name.upper(): number for number, name in enumerate(month_abbr) if name}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (1, 7, _DAYS),
    (1970, 2199, {}),
)
_FARTHEST = 4 * 366
"""Days looked ahead: the 29th of February comes within them."""


class ScheduleError(ValueError):
    """The expression, or the time zone, is not one of AWS's."""


@dataclass(frozen=True)
class Schedule:
    """An expression in a time zone."""

    expression: str
    timezone: str

    def after(self, instant: float, created_at: float) -> float | None:
        """When it runs next, strictly later than an instant (seconds since the epoch); None when it never does.

        ``created_at`` is where a rate begins to count.
        """
        kind, body = _taken_apart(self.expression)
        zone = _zone(self.timezone)
        if kind == "at":
            at = _moment(body, zone)
            return at if at > instant else None
        if kind == "rate":
            every = _every(body)
            return created_at + (int((instant - created_at) // every) + 1) * every
        return next(_matches(_fields(body), instant, zone), None)


def check(schedule: Schedule) -> None:
    """Raises ScheduleError when it cannot be read."""
    schedule.after(0.0, 0.0)


def _taken_apart(expression: str) -> tuple[str, str]:
    match = _EXPRESSION.fullmatch(expression.strip())
    if match is None:
        raise ScheduleError(f"Schedule {expression} is not valid.")
    return match["kind"], match["body"].strip()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ScheduleError(f"Timezone {name} is not valid.") from None


def _moment(text: str, zone: ZoneInfo) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).timestamp()
    except ValueError:
        raise ScheduleError(f"at({text}) is not of the form at(yyyy-mm-ddThh:mm:ss).") from None


def _every(text: str) -> int:
    number, _, unit = text.partition(" ")
    seconds = _UNITS.get(unit.strip().removesuffix("s"))
    if not number.isdigit() or not int(number) or seconds is None:
        raise ScheduleError(f"rate({text}) is not valid.")
    return int(number) * seconds


def _fields(text: str) -> list[set[int]]:
    """Minutes, hours, days of the month, months, days of the week (Sunday is 1), years."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ScheduleError(f"cron({text}) must have six fields.")
    if (parts[2] == "?") == (parts[4] == "?"):
        raise ScheduleError(f"cron({text}) must leave open (?) either the day of the month or the day of the week.")
    return [_values(part, *bounds) for part, bounds in zip(parts, _FIELDS, strict=True)]


def _values(part: str, least: int, most: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for piece in part.split(","):
        span, _, step = piece.partition("/")
        first, _, last = span.partition("-")
        try:
            low = least if first in ("*", "?") else _number(first, names)
            high = most if first in ("*", "?") or (step and not last) else _number(last or first, names)
            found |= set(range(low, high + 1, int(step or 1)))
        except ValueError:
            raise ScheduleError(f"The sandbox does not understand {part} in a cron expression.") from None
    if not found or min(found) < least or max(found) > most:
        raise ScheduleError(f"{part} is out of bounds in a cron expression.")
    return found


def _number(text: str, names: dict[str, int]) -> int:
    return names.get(text.upper()) or int(text)


def _matches(fields: list[set[int]], instant: float, zone: ZoneInfo) -> Iterator[float]:
    minutes, hours, days, months, weekdays, years = fields
    first = datetime.fromtimestamp(instant, UTC).astimezone(zone).date()
    for offset in range(_FARTHEST):
        day = first + timedelta(days=offset)
        if day.day in days and day.month in months and day.year in years and _weekday(day) in weekdays:
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    at = datetime.combine(day, time(hour, minute), tzinfo=zone).timestamp()
                    if at > instant:
                        yield at


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1
