"""The shape of the weekly digest's time."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from bot.domain import Frozen

WeekDay: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEK_DAYS: tuple[WeekDay, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NEVER = "never"
_CLOCK = "([01][0-9]|2[0-3]):([0-5][0-9])"


def _minute(value: Any) -> int:
    match = re.fullmatch(_CLOCK, str(value))
    if match is None:
        raise ValueError("must be a time of day as in 09:00")
    return int(match[1]) * 60 + int(match[2])


ClockTime: TypeAlias = Annotated[
    int, BeforeValidator(_minute), WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$"})
]
"""A minute of the day; written as a clock shows it."""


class Digest(Frozen):
    """When each system is told of its week, in the time zone of its working hours."""

    day: WeekDay = Field(default="monday", description="Day of the week.")
    hour: ClockTime = Field(default="09:00", validate_default=True, description="Time of day, as 09:00.")

    @property
    def weekday(self) -> int:
        """The day's number, Monday 0."""
        return WEEK_DAYS.index(self.day)


DigestOrNever: TypeAlias = Annotated[
    Digest | None,
    BeforeValidator(lambda value: None if value == NEVER else value),
    WithJsonSchema({"anyOf": [Digest.model_json_schema(), {"const": NEVER}]}),
]
"""A digest's time, or None for the word ``never``."""
