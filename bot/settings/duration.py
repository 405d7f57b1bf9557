"""Durations as people write them: ``90s``, ``15m``, ``1h``, ``2d``. In the program they are seconds."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_PATTERN = r"^\d{1,6}[smhd]$"
NEVER = "never"


def parse_duration(text: object) -> float:
    """Seconds from ``90s``, ``15m``, ``1h`` or ``2d``. Raises ValueError in a sentence for anything else."""
    if isinstance(text, str) and re.match(_PATTERN, text, re.ASCII):
        return int(text[:-1]) * _UNITS[text[-1]]
    raise ValueError("must be a duration, a number and a unit as in 90s, 15m, 1h or 2d")


def format_duration(seconds: float) -> str:
    """The shortest spelling that ``parse_duration`` reads back; fractions of a second are lost."""
    whole = int(seconds)
    unit, size = next((unit, int(size)) for unit, size in _UNITS.items() if whole % int(size) == 0 or unit == "s")
    return "0s" if whole == 0 else f"{whole // size}{unit}"


def _parse(value: Any) -> float:
    return float(value) if isinstance(value, float) else parse_duration(value)


def _parse_or_never(value: Any) -> float | None:
    return None if value is None or value == NEVER else _parse(value)


def _format_or_never(seconds: float | None) -> str:
    return NEVER if seconds is None else format_duration(seconds)


Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(_parse),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _PATTERN}),
]
"""Seconds; written with a unit."""

DurationOrNever: TypeAlias = Annotated[
    float | None,
    BeforeValidator(_parse_or_never),
    PlainSerializer(_format_or_never, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": rf"{_PATTERN}|^{NEVER}$"}),
]
"""Seconds, or None for the word ``never``."""
