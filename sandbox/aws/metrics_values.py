"""What metric math calculates with: numbers, time series and arrays of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Points = dict[float, float]
Value = float | Points | list[Points] | str


class MathError(ValueError):
    """The expression is not metric math that the sandbox knows."""


@dataclass(frozen=True)
class Scope:
    """What names mean in an expression: series by query id, the periods of the range, the period in seconds."""

    series: Mapping[str, Points]
    instants: tuple[float, ...]
    period: int
    metric_ids: tuple[str, ...] = field(default=())


def as_series(value: Value, scope: Scope) -> Points:
    """The value as a series; a number stands for itself in every period. Raises MathError for arrays and texts."""
    if isinstance(value, dict):
        return value
    if isinstance(value, (list, str)):
        raise MathError("An array or a text cannot stand where a time series must")
    return dict.fromkeys(scope.instants, value)
