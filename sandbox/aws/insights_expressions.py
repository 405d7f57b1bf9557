"""Expressions of Logs Insights, read into functions of a record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.aws.insights_aggregates import AGGREGATES, Aggregate, maker_of
from sandbox.aws.insights_functions import DURATIONS, FUNCTIONS, Expression, called, text
from sandbox.aws.insights_gather import Column
from sandbox.aws.insights_records import Record
from sandbox.aws.insights_tokens import Token, unexpected
from sandbox.aws.logs_errors import MalformedQuery
from sandbox.aws.logs_matching import as_number

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
    "^": lambda left, right: float(left**right),
}
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3}
_ANY_ROW = ("count", "count_distinct")


class Reader:
    """Reads one command's tokens; positions in errors are those of the whole query."""

    def __init__(self, query: str, tokens: list[Token]) -> None:
        self.query = query
        self.tokens = tokens
        self.position = 0
        self.aggregates: list[Callable[[], Aggregate]] = []
        """Makers of the aggregates read so far; an expression finds its own in a group's results by its place."""

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or one of kind "end"."""
        if self.position + ahead < len(self.tokens):
            return self.tokens[self.position + ahead]
        end = self.tokens[-1].end if self.tokens else 0
        return Token("end", "", end, end)

    def wrong(self, token: Token | None = None) -> MalformedQuery:
        """The exception for a token, by default the next one."""
        found = token or self.peek()
        return unexpected(self.query, found.start, found.end)

    def accept(self, *words: str) -> str | None:
        """Take the next token when it is one of these marks or keywords, in any case."""
        token = self.peek()
        if token.kind in ("mark", "name") and token.text.lower() in words:
            self.position += 1
            return token.text.lower()
        return None

    def expect(self, word: str) -> None:
        """Take this mark or keyword. Raises MalformedQuery."""
        if self.accept(word) is None:
            raise self.wrong()

    def take(self, *kinds: str) -> Token:
        """Take a token of one of these kinds. Raises MalformedQuery."""
        token = self.peek()
        if token.kind not in kinds:
            raise self.wrong()
        self.position += 1
        return token

    def finish(self) -> None:
        """Nothing may follow. Raises MalformedQuery."""
        if self.peek().kind != "end":
            raise self.wrong()

    def columns(self) -> list[Column]:
        """Expressions between commas, each with an optional alias."""
        found = [self.column()]
        while self.accept(","):
            found.append(self.column())
        return found

    def column(self) -> Column:
        """One expression with an optional "as name"."""
        start = self.peek().start
        value = self.expression()
        written = self.query[start : self.tokens[self.position - 1].end].strip("`")
        return Column(self.take("name", "string").text if self.accept("as") else written, value)

    def expression(self) -> Expression:
        """A whole expression, down from "or"."""
        left = self._conjunction()
        while self.accept("or"):
            left = _either(left, self._conjunction())
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self.accept("and"):
            left = _both(left, self._negation())
        return left

    def _negation(self) -> Expression:
        if self.accept("not"):
            inside = self._negation()
            return lambda record: not inside(record)
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self.arithmetic()
        operator = self.accept(*_COMPARISONS)
        if operator:
            return _compared(operator, left, self.arithmetic())
        if self.accept("=~"):
            return self._like(left)
        negated = self.accept("not") is not None
        if self.accept("like"):
            found = self._like(left)
        elif self.accept("in"):
            found = self._member(left)
        elif negated:
            raise self.wrong()
        else:
            return left
        return (lambda record: not found(record)) if negated else found

    def _like(self, left: Expression) -> Expression:
        token = self.take("regex", "string")
        if token.kind == "string":
            return lambda record: token.text in text(left(record))
        search = self.regex(token).search
        return lambda record: search(text(left(record))) is not None

    def regex(self, token: Token) -> re.Pattern[str]:
        """Compile a regular expression, with (?<name>...) as AWS writes groups. Raises MalformedQuery."""
        try:
            return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", token.text))
        except re.error as error:
            raise unexpected(self.query, token.start, token.end, f"invalid regular expression: {error}") from None

    def _member(self, left: Expression) -> Expression:
        closing = "]" if self.accept("[") else ")"
        if closing == ")":
            self.expect("(")
        choices = [self.arithmetic()]
        while self.accept(","):
            choices.append(self.arithmetic())
        self.expect(closing)
        tests = [_compared("=", left, choice) for choice in choices]
        return lambda record: any(test(record) for test in tests)

    def arithmetic(self, least: int = 0) -> Expression:
        """Sums, products and powers."""
        left = self._operand()
        while self.peek().kind == "mark" and _BINDING.get(self.peek().text, 0) > least:
            operator = self.take("mark").text
            left = _calculated(operator, left, self.arithmetic(_BINDING[operator]))
        return left

    def _operand(self) -> Expression:
        if self.accept("-"):
            return _calculated("-", lambda record: 0, self._operand())
        if self.accept("("):
            inside = self.expression()
            self.expect(")")
            return inside
        token = self.take("name", "number", "string", "duration")
        if token.kind == "name":
            return self._named(token)
        constant: Any = token.text
        if token.kind == "number":
            constant = float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
        elif token.kind == "duration":
            amount, unit = re.fullmatch(r"(\d+)(\D+)", token.text).groups()  # type: ignore[union-attr]
            constant = int(amount) * DURATIONS[unit]
        return lambda record: constant

    def _named(self, token: Token) -> Expression:
        if self.peek().text == "(" and self.peek().kind == "mark":
            return self._call(token)
        if token.text in ("true", "false"):
            truth = int(token.text == "true")
            return lambda record: truth
        name = token.text
        return lambda record: record.get(name)

    def _call(self, token: Token) -> Expression:
        name = token.text.lower()
        self.expect("(")
        arguments: list[Expression] = []
        if name in _ANY_ROW and self.peek().text == "*":
            self.take("mark")
        while not self.accept(")"):
            arguments.append(self.expression())
            if self.peek().text != ")":
                self.expect(",")
        if name in AGGREGATES:
            return self._aggregate(maker_of(name, arguments))
        if name == "bin" and arguments:
            return called(name, arguments)
        least, most = FUNCTIONS[name][1:] if name in FUNCTIONS else (0, -1)
        if not least <= len(arguments) <= most:
            raise unexpected(self.query, token.start, token.end, f"invalid function or arguments: {token.text}")
        return called(name, arguments)

    def _aggregate(self, maker: Callable[[], Aggregate]) -> Expression:
        place = len(self.aggregates)
        self.aggregates.append(maker)
        return lambda group: group.results[place] if place < len(group.results) else None


def _either(left: Expression, right: Expression) -> Expression:
    return lambda record: bool(left(record)) or bool(right(record))


def _both(left: Expression, right: Expression) -> Expression:
    return lambda record: bool(left(record)) and bool(right(record))


def _compared(operator: str, left: Expression, right: Expression) -> Expression:
    """Numbers compare as numbers, anything else as text; a missing field is unequal to everything."""
    compare = _COMPARISONS[operator]

    def test(record: Record) -> bool:
        first, second = left(record), right(record)
        if first is None or second is None:
            return operator == "!=" and first is not second
        numbers = as_number(first), as_number(second)
        if numbers[0] is not None and numbers[1] is not None:
            return compare(*numbers)
        return compare(text(first), text(second))

    return test


def _calculated(operator: str, left: Expression, right: Expression) -> Expression:
    calculate = _ARITHMETIC[operator]

    def value(record: Record) -> float | None:
        first, second = as_number(left(record)), as_number(right(record))
        if first is None or second is None:
            return None
        try:
            return calculate(first, second)
        except (ZeroDivisionError, OverflowError):
            return None

    return value
