"""CloudWatch Logs filter patterns: terms here, JSON and space-delimited patterns in their own modules.

The grammar is "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail"
in the CloudWatch Logs user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from sandbox.aws.logs_matching import PatternError, regular_expression
from sandbox.aws.logs_patterns_json import JsonPattern
from sandbox.aws.logs_patterns_space import SpacePattern

_LONGEST = 1_024
_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|([^\s"%]+))(?=\s|$)')


class Pattern(Protocol):
    """A compiled filter pattern."""

    def matches(self, message: str) -> bool:
        """Whether an event with this message is meant."""

    def value(self, message: str, reference: str) -> float | None:
        """The number a metric filter takes from a matching message: "$.latency", "$bytes" or a plain number."""


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """Compile a filter pattern; the empty one matches everything. Raises PatternError."""
    if len(text) > _LONGEST:
        raise PatternError("Invalid filter pattern: longer than 1024 characters")
    stripped = text.strip()
    if stripped.startswith("{"):
        return JsonPattern(stripped)
    if stripped.startswith("["):
        return SpacePattern(stripped)
    return TermPattern(stripped)


class TermPattern:
    """Terms that must all be there, -terms that must not, or ?terms of which one must; case matters.

    As AWS documents it, ?terms lose their meaning next to terms of another kind, and a blank in quotes is everywhere.
    """

    def __init__(self, text: str) -> None:
        self._required: list[Callable[[str], bool]] = []
        self._excluded: list[Callable[[str], bool]] = []
        self._optional: list[Callable[[str], bool]] = []
        groups = {"": self._required, "-": self._excluded, "?": self._optional}
        position = 0
        while position < len(text):
            match = _TERM.match(text, position)
            if match is None:
                raise PatternError(f"Invalid filter pattern at position {position}")
            groups[match[1]].append(_term(match))
            position = match.end()

    def matches(self, message: str) -> bool:
        """Whether the message has the terms."""
        if any(found(message) for found in self._excluded):
            return False
        if self._required or self._excluded:
            return all(found(message) for found in self._required)
        return not self._optional or any(found(message) for found in self._optional)

    def value(self, message: str, reference: str) -> float | None:
        """A plain number; terms name no fields."""
        return None if reference.startswith("$") else float(reference)


def _term(match: re.Match[str]) -> Callable[[str], bool]:
    _, quoted, expression, bare = match.groups()
    if expression is not None:
        found = regular_expression(expression)
        return lambda message: found.search(message) is not None
    if bare is not None and not re.fullmatch(r"\w+", bare):
        raise PatternError(f"Invalid character(s) in term '{bare}'")
    word = bare if quoted is None else quoted.replace('\\"', '"').replace("\\\\", "\\")
    return lambda message: word in message if word.strip() else True
