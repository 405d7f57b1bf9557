"""Composite alarms: reading an AlarmRule and working out which children bring its state about."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])|"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()"']+))""", re.VERBOSE
)
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")


class RuleError(ValueError):
    """The AlarmRule cannot be read."""


@dataclass(frozen=True)
class Outcome:
    """Whether a part of a rule holds, and the names of the alarms that make it hold."""

    holds: bool
    because: tuple[str, ...] = ()


Rule = Callable[[Callable[[str], str]], Outcome]
"""A rule is asked with a function from an alarm's name to its state."""


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> tuple[Rule, tuple[str, ...]]:
    reader = _Reader(text)
    rule = reader.either()
    if reader.position != len(reader.tokens):
        raise RuleError(f"Unexpected input in the alarm rule at '{reader.peek()}'")
    return rule, tuple(reader.names)


def parse_rule(text: str) -> tuple[Rule, list[str]]:
    """The rule and the alarms it names (names or ARNs become names). Raises RuleError."""
    rule, names = _parsed(text)
    return rule, list(names)


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, bool]] = []
        self.names: list[str] = []
        self.position = at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise RuleError(f"Unexpected input in the alarm rule at position {at}")
            quoted = match["quoted"] if match["quoted"] is not None else match["single"]
            self.tokens.append((quoted, True) if quoted is not None else (match["mark"] or match["word"], False))
            at = match.end()

    def peek(self) -> str:
        if self.position >= len(self.tokens) or self.tokens[self.position][1]:
            return ""
        return self.tokens[self.position][0]

    def accept(self, expected: str) -> bool:
        found = self.peek().upper() == expected
        self.position += found
        return found

    def expect(self, expected: str) -> None:
        if not self.accept(expected):
            raise RuleError(f"Expected '{expected}' in the alarm rule")

    def either(self) -> Rule:
        parts = [self.both()]
        while self.accept("OR"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else _any_of(parts)

    def both(self) -> Rule:
        parts = [self.single()]
        while self.accept("AND"):
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else _all_of(parts)

    def single(self) -> Rule:
        if self.accept("NOT"):
            return _none_of(self.single())
        if self.accept("("):
            inside = self.either()
            self.expect(")")
            return inside
        for word, holds in (("TRUE", True), ("FALSE", False)):
            if self.accept(word):
                return _constant(holds)
        for state in _STATES:
            if self.accept(state):
                self.expect("(")
                name = self.name()
                self.expect(")")
                return _state_is(state, name)
        raise RuleError(f"Unexpected input in the alarm rule at '{self.peek()}'")

    def name(self) -> str:
        if self.position >= len(self.tokens) or self.peek() in ("(", ")"):
            raise RuleError("The alarm rule names no alarm")
        text, _ = self.tokens[self.position]
        self.position += 1
        name = text.split(":", 6)[6] if text.startswith("arn:") and text.count(":") >= 6 else text
        self.names.append(name)
        return name


def _constant(holds: bool) -> Rule:
    return lambda state_of: Outcome(holds)


def _state_is(state: str, name: str) -> Rule:
    return lambda state_of: Outcome(state_of(name) == state, (name,))


def _none_of(part: Rule) -> Rule:
    def rule(state_of: Callable[[str], str]) -> Outcome:
        found = part(state_of)
        return Outcome(not found.holds, found.because)

    return rule


def _any_of(parts: list[Rule]) -> Rule:
    return lambda state_of: _joined([part(state_of) for part in parts], any)


def _all_of(parts: list[Rule]) -> Rule:
    return lambda state_of: _joined([part(state_of) for part in parts], all)


def _joined(found: list[Outcome], together: Callable[[list[bool]], bool]) -> Outcome:
    holds = together([each.holds for each in found])
    because = [name for each in found if each.holds == holds for name in each.because]
    return Outcome(holds, tuple(dict.fromkeys(because)))
