"""The shape of ``config/calendar.yaml``: when changes wait, whoever asks for them, and when alarms are expected."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from bot.domain import Frozen
from bot.duration import Duration
from bot.settings.models import Place
from bot.zones import zone_named

Day: TypeAlias = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekdays", "weekends"
]
WEEK: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEVERAL_DAYS: dict[str, tuple[Day, ...]] = {"weekdays": WEEK[:5], "weekends": WEEK[5:]}
Period: TypeAlias = Literal["month", "quarter", "year"]
Outside: TypeAlias = Literal["block", "warn", "notice"]

_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = rf"({_CLOCK})-({_CLOCK}|24:00)"
_DAY = r"2[0-9]{3}-[0-9]{2}-[0-9]{2}"


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _parse_hours(value: Any) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    match = re.fullmatch(_HOURS, str(value))
    if match is None:
        raise ValueError("must be two times of day as in 02:00-06:00; midnight at the end is 24:00")
    start, end = _minute(match[1]), _minute(match[2])
    if start == end:
        raise ValueError("is no time at all; the whole day is 00:00-24:00")
    return start, end


def _parse_day(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        if re.fullmatch(_DAY, str(value)):
            return date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError("is no day of the calendar") from error
    raise ValueError("must be a day as in 2026-12-31")


Hours: TypeAlias = Annotated[
    tuple[int, int], BeforeValidator(_parse_hours), WithJsonSchema({"type": "string", "pattern": f"^{_HOURS}$"})
]
"""Start and end in minutes of the day; an end before the start is on the next day."""

CalendarDay: TypeAlias = Annotated[
    date, BeforeValidator(_parse_day), WithJsonSchema({"type": "string", "pattern": f"^{_DAY}$"})
]


class Times(Frozen):
    """Hours of some days of the week. Hours over midnight belong to the day on which they begin."""

    days: tuple[Day, ...] = Field(default=WEEK, description="Days of the week, weekdays or weekends; left out: all.")
    hours: Hours = Field(
        default="00:00-24:00", validate_default=True, description="From-to, as 22:00-06:00; left out: the whole day."
    )

    @property
    def weekdays(self) -> frozenset[int]:
        """Numbers of its days, Monday 0."""
        return frozenset(WEEK.index(day) for word in self.days for day in SEVERAL_DAYS.get(word, (word,)))


def _exact(zone: str) -> str:
    name = zone_named(zone)
    if name != zone:
        raise ValueError(f"is written {name}")
    return zone


class WorkingHours(Frozen):
    """Days of the week and hours of the day. Hours over midnight belong to the day on which they begin."""

    zone: Annotated[str, AfterValidator(_exact)] = Field(
        default="UTC", description="Time zone of the days and hours, as Asia/Tokyo."
    )
    days: tuple[Day, ...] = Field(
        default=("weekdays",), min_length=1, description="Days of the week, weekdays or weekends."
    )
    hours: Hours = Field(default="09:00-18:00", validate_default=True, description="From-to, as 09:00-18:00.")

    @property
    def weekdays(self) -> frozenset[int]:
        """Numbers of its days, Monday 0."""
        return Times(days=self.days).weekdays

    @property
    def clock(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)


class CalendarRule(Place):
    """What every rule of the calendar has."""

    reason: str = Field(description="Why, in a few words; people read it where they are held up.")
    zone: str = Field(default="", description="Time zone of its days and hours; that of the file when left out.")


class FreezeRule(CalendarRule):
    """Days on which nothing is shipped: the last days of every period, or from one day to another."""

    last_days: int = Field(default=0, ge=0, le=28, description="The last days of each period: 7 is its last week.")
    of: Period = Field(default="quarter", description="The period, with last_days: month, quarter or year.")
    first_day: CalendarDay | None = Field(default=None, description="First day of a freeze that comes once.")
    last_day: CalendarDay | None = Field(default=None, description="Its last day, which is frozen too.")


class WindowRule(CalendarRule):
    """When changes are welcome: during ``open``, or whenever it is not ``closed``; and what happens outside."""

    open: tuple[Times, ...] = Field(default=(), description="When changes are welcome.")
    closed: tuple[Times, ...] = Field(default=(), description="When they are not, in place of open.")
    outside: Outside = Field(
        default="block", description="Outside: block changes, warn only, or notice: announce them and wait."
    )
    notice: Duration = Field(
        default="1h", validate_default=True, description="How long before it begins a change is announced."
    )


class MaintenanceRule(CalendarRule):
    """When alarms of a place are expected: they open no incident, and what is red at the end is told then."""

    during: tuple[Times, ...] = Field(default=(), description="When it is; what goes on over midnight is one.")


class CalendarConfig(Frozen):
    """``config/calendar.yaml``: freezes, windows and maintenance. They never hold up a rollback or a cancel."""

    zone: str = Field(default="UTC", description="Time zone of rules that name none, as Asia/Tokyo.")
    freezes: dict[str, FreezeRule] = Field(default_factory=dict, description="Freezes by name.")
    windows: dict[str, WindowRule] = Field(default_factory=dict, description="Windows by name.")
    maintenance: dict[str, MaintenanceRule] = Field(
        default_factory=dict, description="Times in which alarms are expected, by name."
    )
    working_hours: dict[str, WorkingHours] = Field(
        default_factory=dict, description="When people are at work, by system; `default` is for all others."
    )

    def at_work(self, system: str) -> WorkingHours:
        """The working hours of a system; weekdays from nine to six, UTC, where the file says nothing."""
        return self.working_hours.get(system) or self.working_hours.get("default") or WorkingHours()
