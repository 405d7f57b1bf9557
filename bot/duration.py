"""Durations as people write them: ``90s``, ``15m``, ``1h``, ``2d``. In the program they are seconds."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_PATTERN = "[0-9]{1,6}[smhd]"
_NEVER = "never"
_SPOKEN = re.compile(
    r"([0-9]{1,6}|an?|one) ?(?:(s|sec|secs|seconds?)|(m|min|mins|minutes?)|(h|hr|hrs|hours?)|(d|days?))(?![a-z0-9])"
)


def parse_duration(text: str) -> float:
    """Seconds from ``90s``, ``15m``, ``1h`` or ``2d``. Raises ValueError in a sentence for anything else."""
    if not re.fullmatch(_PATTERN, text):
        raise ValueError("must be a duration, a number and a unit as in 90s, 15m, 1h or 2d")
    return int(text[:-1]) * _UNITS[text[-1]]


def spoken_duration(text: str) -> float:
    """Seconds of the duration a text begins with, also in words: ``1h``, ``1 hour``, ``an hour``, ``90 minutes``.

    What follows is not read. Raises ValueError when it begins with none.
    """
    said = _SPOKEN.match(" ".join(text.lower().split()))
    if said is None:
        raise ValueError("must begin with a duration, as 90s, 15 minutes, 1h or 2 days")
    count = int(said[1]) if said[1].isdecimal() else 1
    unit = next(unit for unit, word in zip("smhd", said.groups()[1:], strict=True) if word)
    return count * _UNITS[unit]


def _parse(value: Any) -> float:
    return value if isinstance(value, float) else parse_duration(str(value))


def _parse_or_never(value: Any) -> float | None:
    return None if value == _NEVER else _parse(value)


Duration: TypeAlias = Annotated[
    float, BeforeValidator(_parse), WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$"})
]
"""Seconds; written with a unit."""

DurationOrNever: TypeAlias = Annotated[
    float | None,
    BeforeValidator(_parse_or_never),
    WithJsonSchema({"type": "string", "pattern": f"^({_PATTERN}|{_NEVER})$"}),
]
"""Seconds, or None for the word ``never``."""
