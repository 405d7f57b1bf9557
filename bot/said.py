"""What one thing logged says: its level, its words, and those words without what differs from time to time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.redact import clean, redact
from bot.shapes import LONGEST as SHAPED
from bot.shapes import shape

LONGEST = 64_000
"""Characters of a text that are read."""
_TEMPLATE = 300


@dataclass(frozen=True)
class Reading:
    """What a text says: its level and the template of its words."""

    level: str
    template: str


_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"),
        "<time>",
    ),
    (re.compile(r"\b\d\d?/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b"), "<time>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?\b"), "<ip>"),
    (re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){2,7}:?[0-9a-fA-F]{1,4}(?![\w:])"), "<ip>"),
    (re.compile(r'"[^"\n]{1,200}"'), "<text>"),
    (re.compile(r"(?<!\w)'[^'\n]{1,200}'(?!\w)"), "<text>"),
    (re.compile(r"(?<!\w)`[^`\n]{1,200}`(?!\w)"), "<text>"),
    (re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s<>\"']{1,500}"), "<url>"),
    (re.compile(r"(?<![\w<./])/?(?:[\w.@~+-]{1,100}+/)+[\w.@~+?=&%-]{0,200}"), "<path>"),
    (re.compile(r"(?<![\w<./])/[\w.@~+?=&%-]{1,200}"), "<path>"),
    (re.compile(r"\b\dx[0-9a-fA-F]{1,64}\b"), "<hex>"),
    (re.compile(r"\b(?=[a-fA-F]{0,64}\d)(?=\d{0,64}[a-fA-F])[0-9a-fA-F]{7,64}\b"), "<hex>"),
    # One id in 2,500 has no digit; no English word is as long with these letters.
    (re.compile(r"\b(?:[a-f]{8,64}|[A-F]{8,64})\b"), "<hex>"),
    (re.compile(r"\b(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{20,128}\b"), "<id>"),
    (re.compile(r"(?<![\w<])[+-]?\d++(?:[_,]++\d++)*+(?:\.\d++)*+"), "<n>"),
    (re.compile(r"\d++(?:\.\d++)?"), "<n>"),
)


def mask(text: str) -> str:
    """One line with everything that differs from one occurrence to the next replaced, redacted, at most 300 long."""
    return _template(text[: _TEMPLATE * 6])


@lru_cache(maxsize=4096)
def _template(text: str) -> str:
    return _masked(shape(redact(" ".join(text.split()))))


@lru_cache(maxsize=4096)
def _masked(text: str) -> str:
    """The template of a text without secrets; its digits and hexadecimal ids count for nothing: few texts are new."""
    for pattern, placeholder in _MASKS:
        text = pattern.sub(placeholder, text)
    return text if len(text) <= _TEMPLATE else text[: _TEMPLATE - 1] + "…"


TRACE_STARTS = re.compile(r"Traceback \(most recent call last\)|.{0,200}panic: |goroutine \d")
EXCEPTION = re.compile(
    r"(?:Caused by: |Uncaught )?[A-Za-z_][\w.$]{0,200}(?:Error|Exception|Exit|Interrupt|Warning|Fault)\b"
)


LEVELS = {
    "fatal": "CRITICAL",
    "critical": "CRITICAL",
    "crit": "CRITICAL",
    "emergency": "CRITICAL",
    "alert": "CRITICAL",
    "panic": "CRITICAL",
    "severe": "ERROR",
    "error": "ERROR",
    "err": "ERROR",
    "exception": "ERROR",
    "warning": "WARNING",
    "warn": "WARNING",
    "notice": "INFO",
    "info": "INFO",
    "debug": "DEBUG",
    "trace": "DEBUG",
}
"""The five levels, by the words that loggers have for them."""
# Bunyan and pino write levels as numbers.
_NUMBERS = {60: "CRITICAL", 50: "ERROR", 40: "WARNING", 30: "INFO", 20: "DEBUG", 10: "DEBUG"}
_LEVEL_NAMES = "FATAL|CRITICAL|CRIT|PANIC|SEVERE|ERROR|WARNING|WARN|INFO|DEBUG|TRACE"
# In lower case these are ordinary words, unless they stand where a logger puts them.
_LEVEL_WORD = re.compile(rf"\b({_LEVEL_NAMES})\b|(?:^|\[|level[=:] ?\"?)((?i:{_LEVEL_NAMES}))\b")
_MESSAGE_KEYS = ("message", "msg", "event", "error", "err", "exception", "errorMessage", "text", "log")
_LOGGER_KEYS = ("logger", "logger_name", "loggerName", "name", "module", "component", "service")
_LEVEL_KEYS = ("level", "levelname", "severity", "log.level", "loglevel", "lvl")
# What a shape says nothing of: levels that are numbers, and letters that JSON writes as numbers.
_TELLING_DIGITS = re.compile(rf"""\\u|"(?:{"|".join(map(re.escape, _LEVEL_KEYS))})"\s*:\s*1""")
_STACK_KEYS = ("stack", "stack_trace", "stacktrace", "traceback", "exc_info", "exception", "err", "error")


def level_of(text: str) -> str:
    """The level of one thing logged: CRITICAL, ERROR, WARNING, INFO, DEBUG, or nothing."""
    known = _level_of_shape(shape(text)) if len(text) <= SHAPED else None
    return _level(text) if known is None else known


def _level(text: str) -> str:
    parsed = _parsed(text)
    return (_json_level(parsed) if parsed else "") or level_of_words(text)


@lru_cache(maxsize=4096)
def _level_of_shape(text: str) -> str | None:
    return _level(text) if _tells_all(text) else None


def read(text: str) -> Reading:
    """What a text without secrets and control characters says."""
    known = _read_shape(shape(text)) if len(text) <= SHAPED else None
    return _read(text) if known is None else known


def _read(text: str) -> Reading:
    level, said, _ = _parts(text)
    return Reading(level, mask(said) or "(empty line)")


@lru_cache(maxsize=4096)
def _read_shape(text: str) -> Reading | None:
    return _read(text) if _tells_all(text) else None


def _tells_all(text: str) -> bool:
    """Whether a shape says all that a text of that shape says.

    Not, where a record's digits tell something, or the shape of what may be a record is none: 8.821487e-05 looks like
    an id.
    """
    return not _TELLING_DIGITS.search(text) and (not text.startswith("{") or _parsed(text) is not None)


def shown(text: str) -> str:
    """The part of a text that is worth showing: of a JSON record its message and its stack trace."""
    return _parts(text)[2]


def _parts(text: str) -> tuple[str, str, str]:
    """The level of a text, what its template is made of, and the part worth showing."""
    record = _parsed(text)
    if record is None:
        return level_of_words(text), _essence(text), text
    message = _first(record, _MESSAGE_KEYS)
    if not message:
        return _json_level(record), ", ".join(sorted(str(key)[:40] for key in list(record)[:20])), text
    stack = _first(record, _STACK_KEYS)
    logger = _first(record, _LOGGER_KEYS)
    body = f"{message}\n{stack}" if stack and stack != message else message
    said = _essence(body)
    return _json_level(record) or level_of_words(body), f"{logger}: {said}" if logger else said, body


def _parsed(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> str:
    """The first of these keys that has words; an error may be an object with a message and a stack."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, dict):
            parts = [value.get(part) for part in ("type", "message")]
            value = ": ".join(part for part in parts if isinstance(part, str))
            stack = record[key].get("stack")
            value += f"\n{stack}" if isinstance(stack, str) else ""
        if isinstance(value, str) and value.strip():
            return _short(value) if len(value) <= _TEMPLATE else _clean(value[:LONGEST])
    return ""


def _clean(text: str) -> str:
    return clean(text).strip()


_short = lru_cache(maxsize=4096)(_clean)
"""Services say the same few sentences again and again."""


def _json_level(record: dict[str, Any]) -> str:
    for key in _LEVEL_KEYS:
        value = record.get(key)
        if isinstance(value, str) and value.strip().lower() in LEVELS:
            return LEVELS[value.strip().lower()]
        if isinstance(value, int) and value in _NUMBERS:
            return _NUMBERS[value]
    return ""


def level_of_words(text: str) -> str:
    """The level that a text names which is no record, or that its form tells."""
    head = text[:300]
    word = _LEVEL_WORD.search(head)
    if word:
        return LEVELS[(word.group(1) or word.group(2)).lower()]
    return "ERROR" if TRACE_STARTS.match(head) or EXCEPTION.match(head) else ""


def _essence(text: str) -> str:
    """The head of a text and, where a stack trace follows, the exception that ends it."""
    lines = [line for line in text[:LONGEST].split("\n") if line.strip()]
    if not lines:
        return ""
    raised = next((line for line in reversed(lines[1:]) if EXCEPTION.match(line)), "")
    head = lines[0].strip()
    if not raised or raised in head:
        return head
    return raised if TRACE_STARTS.fullmatch(head.rstrip(":")) else f"{head[: _TEMPLATE * 3]} | {raised}"
