"""The shape of working hours: when people are at work, in their own time zone."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from bot.domain import Frozen
from bot.settings.calendar import Day, Hours, Times
from bot.zones import zone_named


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
