"""The aggregates of Logs Insights' stats command, which take the rows of a group one after the other."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sandbox.aws.insights_functions import Expression, text
from sandbox.aws.insights_records import Record
from sandbox.aws.logs_matching import as_number


class Aggregate(Protocol):
    """What is known of a group's rows so far."""

    def add(self, row: Record) -> None:
        """Take one more row."""

    def result(self) -> Any:
        """The value for all rows taken; None where none had one."""


class Count:
    """How many rows have a value."""

    def __init__(self, of: Expression) -> None:
        self._of, self._found = of, 0

    def add(self, row: Record) -> None:
        """Take one more row."""
        self._found += self._of(row) is not None

    def result(self) -> int:
        """The number so far."""
        return self._found


class CountDistinct:
    """How many different values the rows have."""

    def __init__(self, of: Expression) -> None:
        self._of = of
        self._found: set[str] = set()

    def add(self, row: Record) -> None:
        """Take one more row."""
        if (value := self._of(row)) is not None:
            self._found.add(text(value))

    def result(self) -> int:
        """The number so far."""
        return len(self._found)


class Numbers:
    """Something that is calculated from all numbers the rows have."""

    def __init__(self, of: Expression, calculate: Callable[[Sequence[float]], float | None]) -> None:
        self._of, self._calculate = of, calculate
        self._found = array("d")

    def add(self, row: Record) -> None:
        """Take one more row."""
        if (number := as_number(self._of(row))) is not None:
            self._found.append(number)

    def result(self) -> float | None:
        """The value so far."""
        return self._calculate(self._found)


class Extreme:
    """Min or max; of texts, when no value is a number."""

    def __init__(self, of: Expression, choose: Callable[..., Any]) -> None:
        self._of, self._choose = of, choose
        self._number: Any = None
        self._other: Any = None

    def add(self, row: Record) -> None:
        """Take one more row."""
        value = self._of(row)
        if value is None:
            return
        if as_number(value) is not None:
            self._number = value if self._number is None else self._choose(self._number, value, key=as_number)
        else:
            self._other = value if self._other is None else self._choose(self._other, value)

    def result(self) -> Any:
        """The value so far."""
        return self._other if self._number is None else self._number


class InTime:
    """The value of the oldest or newest row that has one."""

    def __init__(self, of: Expression, *, newest: bool) -> None:
        self._of, self._sign = of, 1 if newest else -1
        self._at = -math.inf
        self._found: Any = None

    def add(self, row: Record) -> None:
        """Take one more row."""
        at = self._sign * (row.get("@timestamp") or 0)
        if at > self._at and (value := self._of(row)) is not None:
            self._at, self._found = at, value

    def result(self) -> Any:
        """The value so far."""
        return self._found


def _average(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _percentile(values: Sequence[float], percent: float) -> float | None:
    """By nearest rank between the neighbours."""
    if not values:
        return None
    ordered = sorted(values)
    rank = percent / 100 * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def _deviation(values: Sequence[float]) -> float | None:
    if not values:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


_MADE: dict[str, Callable[[Expression, float], Aggregate]] = {
    "count": lambda of, share: Count(of),
    "count_distinct": lambda of, share: CountDistinct(of),
    "avg": lambda of, share: Numbers(of, _average),
    "sum": lambda of, share: Numbers(of, sum),
    "min": lambda of, share: Extreme(of, min),
    "max": lambda of, share: Extreme(of, max),
    "median": lambda of, share: Numbers(of, lambda values: _percentile(values, 50)),
    "pct": lambda of, share: Numbers(of, lambda values: _percentile(values, share)),
    "percentile": lambda of, share: Numbers(of, lambda values: _percentile(values, share)),
    "stddev": lambda of, share: Numbers(of, _deviation),
    "earliest": lambda of, share: InTime(of, newest=False),
    "latest": lambda of, share: InTime(of, newest=True),
}
AGGREGATES = frozenset(_MADE)


def maker_of(name: str, arguments: Sequence[Expression]) -> Callable[[], Aggregate]:
    """Makes this aggregate for a new group; count() and count(*) have no argument, pct has a percentage besides."""
    of: Expression = arguments[0] if arguments else lambda record: 1
    share = as_number(arguments[1](Record())) if len(arguments) > 1 else None
    return lambda: _MADE[name](of, 50.0 if share is None else share)
