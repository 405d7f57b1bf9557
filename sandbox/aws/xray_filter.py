"""X-Ray's filter expressions, as far as people use them to look for traces.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Summary = Mapping[str, Any]
Filter = Callable[[Summary], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*")|(?P<number>\d+(?:\.\d+)?)|(?P<mark>!=|<=|>=|[=<>!(){}])|(?P<word>[\w.]+))"""
)
_FLAGS = {
    "fault": lambda found: bool(found["HasFault"]),
    "error": lambda found: bool(found["HasError"]),
    "throttle": lambda found: bool(found["HasThrottle"]),
    "ok": lambda found: not (found["HasFault"] or found["HasError"] or found["HasThrottle"]),
    "partial": lambda found: bool(found["IsPartial"]),
}
_VALUES: dict[str, Callable[[Summary], Any]] = {
    "duration": lambda found: found["Duration"],
    "responsetime": lambda found: found["ResponseTime"],
    "http.status": lambda found: found["Http"].get("HttpStatus"),
    "http.url": lambda found: found["Http"].get("HttpURL"),
    "http.method": lambda found: found["Http"].get("HttpMethod"),
    "http.useragent": lambda found: found["Http"].get("UserAgent"),
    "http.clientip": lambda found: found["Http"].get("ClientIp"),
}
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "BEGINSWITH": lambda value, wanted: str(value).startswith(str(wanted)),
    "ENDSWITH": lambda value, wanted: str(value).endswith(str(wanted)),
    "CONTAINS": lambda value, wanted: str(wanted) in str(value),
}


class FilterError(ValueError):
    """The expression cannot be read."""


def read_filter(text: str) -> Filter:
    """The filter of an expression; an empty one lets everything through. Raises FilterError."""
    reader = _Reader(text)
    if not reader.tokens:
        return lambda found: True
    whole = reader.either()
    if reader.peek():
        raise reader.wrong()
    return whole


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, [], 0
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise self.wrong()
            self.tokens.append(found[0].strip())
            position = found.end()

    tokens: list[str]

    def wrong(self) -> FilterError:
        return FilterError(f"Invalid filter expression: {self.text}")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if not token or (expected and token not in expected):
            raise self.wrong()
        self.at += 1
        return token

    def either(self) -> Filter:
        left = self.both()
        while self.peek().upper() == "OR":
            self.at += 1
            left = _joined(any, left, self.both())
        return left

    def both(self) -> Filter:
        left = self.single()
        while self.peek().upper() == "AND":
            self.at += 1
            left = _joined(all, left, self.single())
        return left

    def single(self) -> Filter:
        if self.peek() in ("!", "NOT"):
            self.at += 1
            inner = self.single()
            return lambda found: not inner(found)
        if self.peek() == "(":
            self.at += 1
            inner = self.either()
            self.take(")")
            return inner
        word = self.take()
        if word.lower() == "service":
            return self.service()
        if word.lower() in _FLAGS:
            flag, wanted = _FLAGS[word.lower()], True
            if self.peek() == "=":
                self.at += 1
                wanted = bool(self.value())
            return lambda found: flag(found) == wanted
        return self.compared(word)

    def service(self) -> Filter:
        self.take("(")
        name = self.value()
        self.take(")")

        def of_service(found: Summary) -> bool:
            return any(each["Name"] == name for each in found["ServiceIds"])

        if self.peek() != "{":
            return of_service
        self.at += 1
        inner = self.either()
        self.take("}")
        return _joined(all, of_service, inner)

    def compared(self, word: str) -> Filter:
        name, mark = word.lower(), self.take().upper()
        if mark not in _COMPARED:
            raise self.wrong()
        wanted, compare = self.value(), _COMPARED[mark]
        if name.startswith("annotation."):
            key = word.partition(".")[2]

            def annotated(found: Summary) -> bool:
                values = [next(iter(each["AnnotationValue"].values())) for each in found["Annotations"].get(key, ())]
                return any(_holds(compare, value, wanted) for value in values)

            return annotated
        if name not in _VALUES:
            raise self.wrong()
        look = _VALUES[name]
        return lambda found: _holds(compare, look(found), wanted)

    def value(self) -> Any:
        token = self.take()
        if token.startswith('"'):
            return token[1:-1]
        if token in ("true", "false"):
            return token == "true"
        if not token[0].isdigit():
            raise self.wrong()
        return float(token)


def _joined(together: Callable[[list[bool]], bool], *parts: Filter) -> Filter:
    return lambda found: together([part(found) for part in parts])


def _holds(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    try:
        return bool(compare(value, wanted))
    except TypeError:
        return False
