"""The functions of Logs Insights that make one value of others; those of groups are aggregates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.aws.insights_records import Instant, Record, shown
from sandbox.aws.logs_matching import as_number
from sandbox.aws.logs_store import now_ms

Value = Any
Expression = Callable[[Record], Value]

DURATIONS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "mo": 2_592_000_000,
    "q": 7_776_000_000,
    "y": 31_536_000_000,
}


def text(value: Value) -> str:
    """The value as a text; a missing one is empty."""
    if type(value) is str:
        return value
    return "" if value is None else shown(value)


def _numeric(function: Callable[..., float]) -> Callable[..., Value]:
    def apply(*given: Value) -> Value:
        numbers = [as_number(value) for value in given]
        if any(number is None for number in numbers):
            return None
        try:
            return function(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    return apply


def _substring(value: Value, start: Value, length: Value = None) -> str:
    first = int(start)
    return text(value)[first : None if length is None else first + int(length)]


def _floored(at: Value, span: Value) -> Value:
    moment = as_number(at)
    return None if moment is None else Instant(int(moment) - int(moment) % int(span))


def _raised(at: Value, span: Value) -> Value:
    moment = as_number(at)
    return None if moment is None else Instant(-(-int(moment) // int(span)) * int(span))


def _instant(value: Value) -> Value:
    number = as_number(value)
    return None if number is None else Instant(int(number))


FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {
    "abs": (_numeric(abs), 1, 1),
    "ceil": (_numeric(math.ceil), 1, 1),
    "floor": (_numeric(math.floor), 1, 1),
    "greatest": (_numeric(max), 1, 99),
    "least": (_numeric(min), 1, 99),
    "log": (_numeric(math.log), 1, 1),
    "sqrt": (_numeric(math.sqrt), 1, 1),
    "ispresent": (lambda value: int(value is not None), 1, 1),
    "isempty": (lambda value: int(text(value) == ""), 1, 1),
    "isblank": (lambda value: int(text(value).strip() == ""), 1, 1),
    "coalesce": (lambda *given: next((value for value in given if value is not None), None), 1, 99),
    "concat": (lambda *given: "".join(text(value) for value in given), 1, 99),
    "ltrim": (lambda value, letters=None: text(value).lstrip(letters), 1, 2),
    "rtrim": (lambda value, letters=None: text(value).rstrip(letters), 1, 2),
    "trim": (lambda value, letters=None: text(value).strip(letters), 1, 2),
    "strlen": (lambda value: len(text(value)), 1, 1),
    "toupper": (lambda value: text(value).upper(), 1, 1),
    "tolower": (lambda value: text(value).lower(), 1, 1),
    "substr": (_substring, 2, 3),
    "replace": (lambda value, old, new: text(value).replace(text(old), text(new)), 3, 3),
    "strcontains": (lambda value, part: int(text(part) in text(value)), 2, 2),
    "datefloor": (_floored, 2, 2),
    "dateceil": (_raised, 2, 2),
    "frommillis": (_instant, 1, 1),
    "tomillis": (lambda value: None if value is None else int(value), 1, 1),
    "now": (lambda: now_ms() // 1000, 0, 0),
}


def called(name: str, arguments: Sequence[Expression]) -> Expression:
    """A call of a plain function; bin(5m) rounds the event's own time down."""
    if name == "bin":
        span = arguments[-1]
        at: Expression = arguments[0] if len(arguments) > 1 else lambda record: record.get("@timestamp")
        return lambda record: _floored(at(record), span(record))
    function = FUNCTIONS[name][0]
    return lambda record: function(*[argument(record) for argument in arguments])
