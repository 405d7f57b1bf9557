"""Space-delimited filter patterns: [ip, user, ..., status = 4* || status = 5*, bytes > 1000]."""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.aws.logs_matching import PatternError, as_number, check_number, comparison

_FIELD = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')
_CONDITION = re.compile(
    r'\s*\(*\s*(?P<name>[\w.]+)\s*(?P<operator>!=|<=|>=|=|<|>)\s*(?P<literal>"[^"]*"|%[^%]*%|[^\s&|)]+)\s*\)*\s*'
)

Test = Callable[[str], bool]


class SpacePattern:
    """Matches lines with as many fields as the pattern names, "..." standing for any number of them.

    A field in [brackets] or "quotes" is one field, as in an access log. Without "..." the last field of the pattern is
    all that is left of the line.
    """

    def __init__(self, text: str) -> None:
        if not text.endswith("]"):
            raise PatternError("Invalid filter pattern: the closing ] is missing")
        parts = [part.strip() for part in _outside_literals(text[1:-1], ",")]
        if not any(parts) or parts.count("...") > 1:
            raise PatternError("Invalid filter pattern: fields are separated by commas, with one ... at most")
        self._gap = parts.index("...") if "..." in parts else None
        self._fields = [_field(part) for part in parts if part != "..."]
        check_number(len(re.findall(r"%[^%]*%", text)))

    def matches(self, message: str) -> bool:
        """Whether the line has the fields and they are as wanted."""
        words = self._aligned(message)
        return words is not None and all(test(word) for (_, test), word in zip(self._fields, words, strict=True))

    def value(self, message: str, reference: str) -> float | None:
        """A plain number, or the number in the named field, written $name."""
        if not reference.startswith("$"):
            return float(reference)
        words = self._aligned(message) or []
        names = [name for name, _ in self._fields]
        return as_number(dict(zip(names, words, strict=False)).get(reference[1:]))

    def _aligned(self, message: str) -> list[str] | None:
        """The words that stand at the pattern's fields, None when their number does not fit."""
        found = list(_FIELD.finditer(message))
        words = [next((part for part in match.groups() if part is not None), "") for match in found]
        if self._gap is None:
            last = len(self._fields) - 1
            if len(words) > len(self._fields):
                words[last:] = [message[found[last].start() :]]
            return words if len(words) == len(self._fields) else None
        after = len(self._fields) - self._gap
        if len(words) < len(self._fields):
            return None
        return words[: self._gap] + (words[-after:] if after else [])


def _field(text: str) -> tuple[str, Test]:
    """The field's name and its test; a bare name (or nothing) takes any word."""
    if re.fullmatch(r"\w*", text):
        return text, lambda word: True
    names: list[str] = []
    alternatives: list[list[Test]] = []
    for alternative in _outside_literals(text, "||"):
        tests: list[Test] = []
        for condition in _outside_literals(alternative, "&&"):
            match = _CONDITION.fullmatch(condition)
            if match is None:
                raise PatternError(f"Invalid filter pattern: cannot read the field {text}")
            names.append(match["name"])
            tests.append(comparison(match["operator"], match["literal"]).holds)
        alternatives.append(tests)
    return names[0], lambda word: any(all(test(word) for test in tests) for tests in alternatives)


def _outside_literals(text: str, separator: str) -> list[str]:
    """Split at a comma, && or ||, but never inside quotes or percent signs."""
    parts = [""]
    for piece in re.findall(r'"[^"]*"|%[^%]*%|&&|\|\||.', text):
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return parts
