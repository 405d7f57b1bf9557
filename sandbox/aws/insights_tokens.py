"""Logs Insights queries cut into words, each with its place in the text."""

from __future__ import annotations

import re
from typing import NamedTuple

from sandbox.aws.logs_errors import MalformedQuery

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)|(?P<duration>\d+(?:ms|mo|s|m|h|d|w|q|y)\b)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |`(?P<quoted>[^`]+)`|(?P<name>[@A-Za-z_][\w.@]*)|(?P<mark>!=|<=|>=|=~|[-=<>+*/%^(),|\[\]])""",
    re.VERBOSE,
)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/")
_BEFORE_REGEX = ("like", "=~")


class Token(NamedTuple):
    """A word of a query: its kind (name, number, string, regex, duration, mark), text and place."""

    kind: str
    text: str
    start: int
    end: int


def unexpected(query: str, start: int, end: int, what: str = "") -> MalformedQuery:
    """The exception for a word that cannot stand where it stands."""
    line = query.count("\n", 0, start) + 1
    column = start - (query.rfind("\n", 0, start) + 1) + 1
    symbol = query[start:end] or "<EOF>"
    message = what or f"unexpected symbol found {symbol}"
    return MalformedQuery(f"{message} at line {line} and position {column}", start, end)


def tokens_of(query: str) -> list[Token]:
    """Every word of a query. Raises MalformedQuery for what is no word.

    A slash begins a regular expression after like and =~ and anywhere in a parse command; elsewhere it divides.
    """
    found: list[Token] = []
    command = ""
    position = 0
    while position < len(query):
        match = _regex_here(query, position, found, command) or _TOKEN.match(query, position)
        if match is None:
            raise unexpected(query, position, position + 1)
        start, position = position, match.end()
        kind = "regex" if match.re is _REGEX else str(match.lastgroup)
        if kind == "space":
            continue
        text = match[1] if kind == "regex" else match[kind]
        if not found or found[-1].text == "|":
            command = text.lower()
        if kind == "string":
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        found.append(Token("name" if kind == "quoted" else kind, text, start, position))
    return found


def _regex_here(query: str, position: int, found: list[Token], command: str) -> re.Match[str] | None:
    if query[position] != "/" or not found:
        return None
    if found[-1].text.lower() in _BEFORE_REGEX or command == "parse":
        return _REGEX.match(query, position)
    return None
