"""Comparing one value of a log event with one literal of a filter pattern."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DIALECT = re.compile(
    r"(?:[A-Za-z0-9 :_#=@/;,^$?\[\]{}|*+.-]|\\(?:[dDsSwWtn]|x[0-9A-Fa-f]{2}|[:_#=@/;,^$?\[\]{}|*+.\\-]))+"
)
MOST_EXPRESSIONS = 2
"""Regular expressions in one JSON or space-delimited pattern."""
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


class PatternError(ValueError):
    """The filter pattern is malformed; the API answers InvalidParameterException."""


@dataclass(frozen=True)
class Comparison:
    """An operator and its literal: a number, a text where * stands for anything, or a regular expression."""

    operator: str
    number: float | None
    pattern: re.Pattern[str]

    def holds(self, value: Any) -> bool:
        """Whether the value stands in this relation; order is only defined between numbers."""
        if self.operator in _ORDER:
            found = as_number(value)
            return found is not None and self.number is not None and _ORDER[self.operator](found, self.number)
        return self._equals(value) == (self.operator == "=")

    def _equals(self, value: Any) -> bool:
        if self.number is not None and (found := as_number(value)) is not None:
            return found == self.number
        return self.pattern.search(as_text(value)) is not None


def comparison(operator: str, literal: str) -> Comparison:
    """A comparison from the pattern's text: 5, "a*", word or %regex%. Raises PatternError."""
    if operator in _ORDER and not _NUMBER.fullmatch(literal):
        raise PatternError(f"Invalid filter pattern: {operator} needs a number, not {literal}")
    if len(literal) > 1 and literal[0] == literal[-1] == "%":
        if operator not in ("=", "!="):
            raise PatternError("Invalid filter pattern: a regular expression needs = or !=")
        return Comparison(operator, None, regular_expression(literal[1:-1]))
    quoted = literal[:1] == '"'
    if quoted:
        literal = literal[1:-1].replace('\\"', '"')
    number = float(literal) if not quoted and _NUMBER.fullmatch(literal) else None
    return Comparison(operator, number, re.compile(rf"\A{wildcards(literal)}\Z", re.DOTALL))


def regular_expression(text: str) -> re.Pattern[str]:
    """The regular expression between two percent signs. Raises PatternError.

    There are no groups, no characters beyond ASCII and few symbols:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html
    """
    known = _DIALECT.match(text)
    if known is None or known.end() < len(text):
        wrong = text[known.end() if known else 0 :][:1]
        raise PatternError(f"Invalid filter pattern: {wrong or 'nothing'} in a regular expression")
    try:
        return re.compile(text, re.ASCII)
    except re.error as error:
        raise PatternError(f"Invalid filter pattern: {error}") from None


def check_number(expressions: int) -> None:
    """Raises PatternError when a JSON or space-delimited pattern has more regular expressions than it may."""
    if expressions > MOST_EXPRESSIONS:
        raise PatternError(f"Invalid filter pattern: more than {MOST_EXPRESSIONS} regular expressions")


def wildcards(text: str) -> str:
    """A regular expression for a text in which * stands for anything."""
    return ".*".join(re.escape(part) for part in text.split("*"))


def as_text(value: Any) -> str:
    """A JSON value as the text that patterns compare with."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def as_number(value: Any) -> float | None:
    """A JSON number, or a text that is one; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str) or value[:1].isalpha():
        return None
    return float(value) if _NUMBER.fullmatch(value.strip()) else None
