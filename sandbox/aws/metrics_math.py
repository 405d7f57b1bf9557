"""CloudWatch metric math: arithmetic, comparisons and the functions that dashboards and alarms use.

A value is a number, a time series ({period start: value}) or an array of time series. Operators join two
series where both have data; a division by zero leaves that instant out, as CloudWatch does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.aws.metrics_functions import FUNCTIONS
from sandbox.aws.metrics_values import MathError, Points, Scope, Value, as_series

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>"[^"]*"|'[^']*')|(?P<mark>&&|\|\||[<>=!]=|[-+*/^<>(),\[\]]))""",
    re.VERBOSE,
)
_BINDING = {"||": 1, "OR": 1, "&&": 2, "AND": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4}
_BINDING |= {"+": 5, "-": 5, "*": 6, "/": 6, "^": 8}
_TIGHTER_THAN_TIMES = 7


def evaluate(expression: str, scope: Scope) -> list[Points]:
    """The series the expression yields (several for an array); a bare number is drawn over every period.

    Raises MathError for unknown names and functions and for malformed text.
    """
    value = _Reader(expression, scope).whole()
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    if isinstance(value, str):
        raise MathError(f"Error in expression '{expression}': a text is no time series")
    return [dict.fromkeys(scope.instants, value)]


def names_in(expression: str) -> set[str]:
    """Every word of the expression, for finding the queries it depends on."""
    return {match["name"] for match in _TOKEN.finditer(expression) if match["name"]}


def _tokens(expression: str) -> list[str]:
    found, position = [], 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MathError(f"Error in expression '{expression}': Unexpected character at {position}")
        found.append(match.group().strip())
        position = match.end()
    return found


class _Reader:
    def __init__(self, expression: str, scope: Scope) -> None:
        self.expression = expression
        self.scope = scope
        self.tokens = _tokens(expression)
        self.position = 0

    def whole(self) -> Value:
        value = self.read(0)
        if self.position != len(self.tokens):
            raise self.wrong()
        return value

    def wrong(self) -> MathError:
        return MathError(f"Error in expression '{self.expression}': Invalid syntax")

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise self.wrong()
        self.position += 1
        return token

    def read(self, least: int) -> Value:
        left = self.operand()
        while (binding := _BINDING.get(self.peek().upper(), 0)) > least:
            operator = self.take().upper()
            left = combine(operator, left, self.read(binding))
        return left

    def operand(self) -> Value:
        token = self.take()
        if token == "-":
            return combine("*", -1.0, self.read(_TIGHTER_THAN_TIMES))
        if token == "(":
            inside = self.read(0)
            self.take(")")
            return inside
        if token == "[":
            return [as_series(value, self.scope) for value in self.listed("]")]
        if token[0] in "\"'":
            return token[1:-1]
        if token[0].isdigit():
            return float(token)
        if self.peek() == "(":
            self.take()
            return self.call(token.upper(), self.listed(")"))
        if token in self.scope.series:
            return self.scope.series[token]
        if token in ("REPEAT", "LINEAR"):
            return token
        raise MathError(f"Error in expression '{self.expression}': Unknown identifier {token}")

    def listed(self, closing: str) -> list[Value]:
        values: list[Value] = []
        while self.peek() != closing:
            values.append(self.read(0))
            if self.peek() != closing:
                self.take(",")
        self.take(closing)
        return values

    def call(self, name: str, given: list[Value]) -> Value:
        function = FUNCTIONS.get(name)
        if function is None:
            raise MathError(f"Error in expression '{self.expression}': Unknown function {name}")
        try:
            return function(given, self.scope)
        except (IndexError, TypeError, AttributeError):
            raise self.wrong() from None


def _power(left: float, right: float) -> float:
    return float(left**right)


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "^": _power,
    ">": lambda left, right: float(left > right),
    "<": lambda left, right: float(left < right),
    ">=": lambda left, right: float(left >= right),
    "<=": lambda left, right: float(left <= right),
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "AND": lambda left, right: float(bool(left) and bool(right)),
    "OR": lambda left, right: float(bool(left) or bool(right)),
}
_OPERATORS |= {"&&": _OPERATORS["AND"], "||": _OPERATORS["OR"]}


def combine(operator: str, left: Value, right: Value) -> Value:
    """Apply a binary operator between numbers, series and arrays."""
    if isinstance(left, str) or isinstance(right, str):
        raise MathError("A text cannot be calculated with")
    if isinstance(left, list):
        return [_pointwise(operator, each, right) for each in left]
    if isinstance(right, list):
        return [_pointwise(operator, left, each) for each in right]
    if isinstance(left, dict) or isinstance(right, dict):
        return _pointwise(operator, left, right)
    try:
        return _OPERATORS[operator](left, right)
    except ZeroDivisionError:
        raise MathError("Division by zero") from None


def _pointwise(operator: str, left: Value, right: Value) -> Points:
    apply = _OPERATORS[operator]
    keys = left.keys() if isinstance(left, dict) else right.keys() if isinstance(right, dict) else ()
    result: Points = {}
    for at in keys:
        first = left.get(at) if isinstance(left, dict) else left
        second = right.get(at) if isinstance(right, dict) else right
        if not isinstance(first, (int, float)) or not isinstance(second, (int, float)):
            continue
        try:
            result[at] = apply(first, second)
        except (ZeroDivisionError, OverflowError):
            continue
    return result
