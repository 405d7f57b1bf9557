"""Whether a line is what was asked for, and what a CloudWatch filter pattern can say of it before.

Filter patterns cannot say all that people ask, so they pick a superset and the test here decides. A term is put in
quotes, in which only the quote and the backslash mean anything:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache

from bot.cloud import LogLine
from bot.masks import given, masker
from bot.redact import plain
from bot.said import level_of
from bot.search.words import LogQuery

GRAVER = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LEVEL_TERMS = {
    "CRITICAL": ("fatal", "critical", "crit", "emergency", "alert", "panic", '"level":60', '"level": 60'),
    "ERROR": (
        *("severe", "err", "exception", "Traceback", "Exit", "Interrupt", "Warning", "Fault"),
        *('"level":50', '"level": 50'),
    ),
    "WARNING": ("warn", '"level":40', '"level": 40'),
}
"""Words of which one is in every line of a level, in lower case as in most loggers' JSON; read with ``_written``."""
# JSON may write any other character otherwise than it reads: a slash as \/, an ampersand as \u0026.
_AS_WRITTEN = re.compile(r"[A-Za-z0-9_.:@ -]*[A-Za-z0-9_.:@-]")
_QUOTED = re.compile(r"""^\\*["']|\\*["']$""")
_FIELD_EDGE = r"(?:^|[\s,;{\[(\"'&?|])"
# What CloudWatch's own regular expressions know: no groups, no flags, no look around.
_SERVER_PATTERN = re.compile(r"(?:[\w\s#=@/;,:.^$?\[\]{}|*+!\"'<>~`&-]|\\[dDsSwW.^$?\[\]{}|*+\\/%-])+")
MOST_SERVER_PATTERNS = 2
LONGEST_PATTERN = 1024
"""Characters of a filter pattern that FilterLogEvents takes:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""


def quote_term(text: str) -> str:
    """What a person typed, as one literal term of a CloudWatch filter pattern."""
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def filter_pattern(query: LogQuery) -> str:
    """A pattern for FilterLogEvents that every line asked for matches; empty when nothing can be said."""
    terms = [quote_term(each) for each in query.include if not re.search(r"\s{2}|[^\S ]", each)]
    terms += [quote_term(part) for _, value in query.fields for part in parts_of(value)]
    if terms:
        return _fitting(terms)
    if query.patterns and all(is_servers(each) for each in query.patterns[:MOST_SERVER_PATTERNS]):
        return " ".join(f"%{each}%" for each in query.patterns[:MOST_SERVER_PATTERNS])
    words = [each for level in _at_least(query.level) for each in _LEVEL_TERMS.get(level, ())] if query.level else []
    if query.level in _LEVEL_TERMS:
        return " ".join(f"?{quote_term(each)}" for word in words for each in _written(word))
    return ""


def parts_of(value: str) -> tuple[str, ...]:
    """What stands in every line that gives a field this value, however the line writes it; longest first."""
    found = {part.strip() for part in _AS_WRITTEN.findall(value) if "  " not in part}
    return tuple(sorted(found - {""}, key=lambda part: (-len(part), part)))


def _fitting(terms: list[str]) -> str:
    """As many terms as a pattern may have; each that is left out only makes it pick more lines."""
    pattern = ""
    for term in terms:
        longer = f"{pattern} {term}".strip()
        pattern = longer if len(longer) <= LONGEST_PATTERN else pattern
    return pattern


def is_servers(pattern: str) -> bool:
    """Whether FilterLogEvents can read a regular expression as it is; the delimiter ``%`` would end it."""
    return "%" not in pattern and bool(_SERVER_PATTERN.fullmatch(pattern))


def matcher(query: LogQuery) -> Callable[[LogLine], bool]:
    """The test of a line. Regular expressions are left to CloudWatch: here a hostile one could take for ever."""
    levels = frozenset(_at_least(query.level)) if query.level else frozenset()
    tests: list[Callable[[LogLine], bool]] = [
        *(lambda line, each=each: each in line.message for each in query.include),
        *(lambda line, each=each: each not in line.message for each in query.exclude),
        *([lambda line: query.task in line.stream] if query.task else []),
        *(lambda line, each=each: has_field(line.message, *each) for each in query.fields),
        *(lambda line, each=each: not has_field(line.message, *each) for each in query.without),
        *([lambda line: level_of(line.message) in levels] if levels else []),
    ]

    def matches(line: LogLine) -> bool:
        for test in tests:  # noqa: SIM110 - most queries have no test or one, and all() costs more than that
            if not test(line):
                return False
        return True

    return matches


def has_field(text: str, name: str, value: str) -> bool:
    """Whether a line gives a field that value: in JSON, at any depth and by its dotted path, or as ``name=value``.

    The case of the name does not count. A list has the values in it.
    """
    if value not in text and not _is_escaped(value):
        return False
    if text.lstrip().startswith("{"):
        try:
            if _json_has(json.loads(text), name.lower().split("."), value):
                return True
        except (ValueError, RecursionError):
            return _says(text, name, value) or bool(_field(name, value).search(text))
        return _says(text, name, value)
    return bool(_field(name, value).search(text)) or _says(text, name, value)


def _says(text: str, name: str, value: str) -> bool:
    """Whether a text gives the field exactly that value in one of the forms in which it would be masked."""
    pattern = masker((name,))
    if pattern is None:
        return False
    text = plain(text)
    return any(_bare(text[each.kept : each.end - len(each.closing)]) == value for each in given(text, pattern))


def _bare(said: str) -> str:
    """A value without the quotes, or the brackets of a tuple of one, around it."""
    said = said.strip()
    if said[:1] == "(" and said[-1:] == ")":
        said = said[1:-1].strip()
    return _QUOTED.sub("", said)


def _json_has(found: object, path: list[str], value: str) -> bool:
    if isinstance(found, dict):
        whole, first, further = ".".join(path), path[0], path[1:]
        for key, inner in found.items():
            name = key.lower()
            if name == whole and _same(inner, value):
                return True
            if name == first and further and _json_has(inner, further, value):
                return True
        return any(_json_has(each, path, value) for each in found.values() if isinstance(each, dict | list))
    return isinstance(found, list) and any(_json_has(each, path, value) for each in found)


def _same(found: object, value: str) -> bool:
    if isinstance(found, str):
        return found == value
    if isinstance(found, list):
        return any(_same(each, value) for each in found)
    return not isinstance(found, dict) and json.dumps(found) == value


def _is_escaped(value: str) -> bool:
    """JSON may write these otherwise than they read."""
    return not (value.isascii() and value.isprintable()) or any(each in value for each in '"\\/<>&')


@cache
def _field(name: str, value: str) -> re.Pattern[str]:
    said = re.escape(value)
    return re.compile(rf"{_FIELD_EDGE}(?i:{re.escape(name)})[\"']?\s{{0,4}}[=:]\s{{0,4}}[\"']?{said}(?![\w.-])")


def _at_least(level: str) -> tuple[str, ...]:
    return GRAVER[GRAVER.index(level) :]


def _written(word: str) -> tuple[str, ...]:
    """As loggers write a word: filter patterns know upper and lower case as different."""
    return tuple(dict.fromkeys((word, word.capitalize(), word.upper())))
