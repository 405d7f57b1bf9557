"""JSON filter patterns: { ($.level = "ERROR" && $.ms > 500) || $.user.id NOT EXISTS }."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from sandbox.aws.logs_matching import PatternError, as_number, check_number, comparison

_TOKEN = re.compile(
    r"""\s*(?:(?P<selector>\$(?:\.[^\s=!<>()&|\[\]{}.]+|\[\d+\]|\[\*\]|\.?\[(?:"[^"]*"|'[^']*')\])+)
    |(?P<operator>&&|\|\||!=|<=|>=|=|<|>|[()])|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<regex>%[^%]*%)
    |(?P<word>[^\s=!<>()&|"%]+))""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.([^.\[]+)|\[(\d+|\*)\]|\.?\[["']([^"']*)["']\]""")
_MOST_IN_SELECTOR, _MOST_IN_PATTERN = 1, 3
"""Wildcards."""
_MISSING = object()

Test = Callable[[Any], bool]


class JsonPattern:
    """Matches events whose message is a JSON object (or array) with the wanted properties."""

    def __init__(self, text: str) -> None:
        if not text.endswith("}"):
            raise PatternError("Invalid filter pattern: the closing } is missing")
        reader = _Reader(text[1:-1])
        self._test = reader.either()
        reader.finish()

    def matches(self, message: str) -> bool:
        """Whether the message is JSON and the properties are as wanted."""
        document = _document(message)
        return document is not _MISSING and self._test(document)

    def value(self, message: str, reference: str) -> float | None:
        """A plain number, or the number at a selector such as $.latency."""
        if not reference.startswith("$"):
            return float(reference)
        found = select(_document(message), _steps(reference))
        return as_number(found[0]) if found else None


def _document(message: str) -> Any:
    if message.lstrip()[:1] not in ("{", "["):
        return _MISSING
    try:
        return json.loads(message)
    except ValueError:
        return _MISSING


def _steps(selector: str) -> list[str | int]:
    steps: list[str | int] = []
    for name, index, quoted in _STEP.findall(selector):
        steps.append(int(index) if index.isdigit() else index or name or quoted)
    return steps


def select(document: Any, steps: list[str | int]) -> list[Any]:
    """Every value a selector means; a * step means all members."""
    found = [document]
    for step in steps:
        following: list[Any] = []
        for each in found:
            if step == "*":
                following += each if isinstance(each, list) else each.values() if isinstance(each, dict) else []
            elif isinstance(step, int):
                following += each[step : step + 1] if isinstance(each, list) else []
            elif isinstance(each, dict) and step in each:
                following.append(each[step])
        found = following
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.position = at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise PatternError(f"Invalid filter pattern: unexpected character at position {at + 1}")
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        check_number(sum(kind == "regex" for kind, _ in self.tokens))
        wild = [_steps(text).count("*") for kind, text in self.tokens if kind == "selector"]
        if max(wild, default=0) > _MOST_IN_SELECTOR or sum(wild) > _MOST_IN_PATTERN:
            raise PatternError("Invalid filter pattern: too many wildcard selectors")

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def take(self) -> tuple[str, str]:
        if self.position >= len(self.tokens):
            raise PatternError("Invalid filter pattern: it ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def finish(self) -> None:
        if self.position != len(self.tokens):
            raise PatternError(f"Invalid filter pattern: unexpected {self.peek()}")

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek() == "||":
            self.take()
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.peek() == "&&":
            self.take()
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)

    def single(self) -> Test:
        kind, text = self.take()
        if text == "(" and kind == "operator":
            inside = self.either()
            if self.take()[1] != ")":
                raise PatternError("Invalid filter pattern: a ) is missing")
            return inside
        if kind != "selector":
            raise PatternError(f"Invalid filter pattern: expected a property selector such as $.name, found {text}")
        return self.condition(_steps(text))

    def condition(self, steps: list[str | int]) -> Test:
        kind, operator = self.take()
        word = operator.upper()
        if word == "NOT":
            if self.take()[1].upper() != "EXISTS":
                raise PatternError("Invalid filter pattern: expected NOT EXISTS")
            return lambda document: not select(document, steps)
        if word == "IS":
            return self.identity(steps)
        if kind != "operator" or operator in ("(", ")", "&&", "||"):
            raise PatternError(f"Invalid filter pattern: unexpected {operator}")
        literal_kind, literal = self.take()
        if literal_kind in ("operator", "selector"):
            raise PatternError(f"Invalid filter pattern: unexpected {literal}")
        compared = comparison(operator, literal)
        return lambda document: any(
            compared.holds(value) for value in select(document, steps) if not isinstance(value, (dict, list))
        )

    def identity(self, steps: list[str | int]) -> Test:
        word = self.take()[1].upper()
        known = {"TRUE": True, "FALSE": False, "NULL": None}
        if word not in known:
            raise PatternError(f"Invalid filter pattern: IS {word}")
        return lambda document: any(value is known[word] for value in select(document, steps))
