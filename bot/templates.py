"""Log lines grouped by what they say, so that a thousand failures read as three sentences.

Lines that differ only in ids, numbers, times, addresses, paths and quoted words are one group. A stack trace belongs
to the line above it, whether it came in one event or, as from most containers, in an event per line. Work per line
is bounded, and so is memory: only the beginning of a line is read, and groups beyond a limit are counted together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bot.cloud import LogLine
from bot.redact import SAME_DIGITS, redact, strip_control

MAX_GROUPS = 500
OTHER = "(other lines)"

_READ = 64_000
_TEMPLATE = 300
_SAMPLE = 1_500
# Kept until the end and only then redacted; so much longer than a sample that no cut splits a secret that is shown.
_KEPT = 9_000
_TRACE_LINES = 60
_OPEN_STREAMS = 200
_ADJACENT = 2.0


@dataclass(frozen=True)
class LogGroup:
    """Lines that say the same. ``first`` and ``last`` are seconds since the epoch.

    ``template`` has placeholders such as ``<n>`` and ``<uuid>``; ``sample`` is the newest line, a stack trace with
    its head. Both are redacted. ``level`` is CRITICAL, ERROR, WARNING, INFO, DEBUG or empty.
    """

    template: str
    count: int
    first: float
    last: float
    sample: str
    level: str


@dataclass
class _Entry:
    """One thing logged: a line and what continues it."""

    first: float
    last: float
    lines: list[str]
    in_trace: bool = False


@dataclass
class _Tally:
    level: str
    sample: str
    first: float
    last: float
    count: int = 0


@dataclass(frozen=True)
class _Reading:
    """What an entry says: the words that make its template, and the text worth showing."""

    level: str
    said: str
    shown: str


@dataclass
class _Groups:
    tallies: dict[str, _Tally] = field(default_factory=dict)

    def add(self, entry: _Entry) -> None:
        reading = _read("\n".join(entry.lines))
        template = mask(reading.said) or "(empty line)"
        if template not in self.tallies and len(self.tallies) >= MAX_GROUPS:
            template = OTHER
        tally = self.tallies.get(template)
        if tally is None:
            tally = self.tallies[template] = _Tally(reading.level, "", entry.first, entry.first)
        tally.count += 1
        tally.first = min(tally.first, entry.first)
        if not tally.sample or entry.first >= tally.last:
            tally.sample = _ends(reading.shown, _KEPT)
        tally.last = max(tally.last, entry.first)


def group(lines: Iterable[LogLine]) -> list[LogGroup]:
    """The groups, most lines first, then the most recent. Never raises; reads ``lines`` once."""
    groups = _Groups()
    for entry in _entries(lines):
        groups.add(entry)
    found = [
        LogGroup(template, tally.count, tally.first, tally.last, _ends(redact(tally.sample), _SAMPLE), tally.level)
        for template, tally in groups.tallies.items()
    ]
    return sorted(found, key=lambda one: (-one.count, -one.last, one.template))


def entries(lines: Iterable[LogLine]) -> list[tuple[float, str]]:
    """Things logged, oldest first: when, and the text without secrets, a stack trace with the line it belongs to."""
    return sorted(((entry.first, "\n".join(entry.lines)) for entry in _entries(lines)), key=lambda each: each[0])


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
    (re.compile(r"\b0x[0-9a-fA-F]{1,64}\b"), "<hex>"),
    (re.compile(r"\b(?=[a-fA-F]{0,64}\d)(?=\d{0,64}[a-fA-F])[0-9a-fA-F]{7,64}\b"), "<hex>"),
    (re.compile(r"\b(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{20,128}\b"), "<id>"),
    (re.compile(r"(?<![\w<])[+-]?\d[\d_,]*+(?:\.\d++)*+"), "<n>"),
    (re.compile(r"\d++(?:\.\d++)?"), "<n>"),
)


def mask(text: str) -> str:
    """One line with everything that differs from one occurrence to the next replaced, redacted, at most 300 long."""
    text = redact(" ".join(text[: _TEMPLATE * 6].split()))
    return _masked(_HEX.sub(_same_hex, text).translate(SAME_DIGITS))


_UUID = "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"
_HEX = re.compile(
    r"\b(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|(?=[a-fA-F]{0,64}\d)(?=\d{0,64}[a-fA-F])[0-9a-fA-F]{7,64})\b"
)


def _same_hex(found: re.Match[str]) -> str:
    """An id of the same length for all ids: the patterns below look at what kind of character stands where."""
    return _UUID if found[0][8:9] == "-" else f"0a{'0' * (len(found[0]) - 2)}"


@lru_cache(maxsize=4096)
def _masked(text: str) -> str:
    """The template of a text without secrets; its digits and hexadecimal ids count for nothing: few texts are new."""
    for pattern, placeholder in _MASKS:
        text = pattern.sub(placeholder, text)
    return text if len(text) <= _TEMPLATE else text[: _TEMPLATE - 1] + "…"


_CONTINUES = re.compile(
    r"\s++(?!(?:FATAL|CRITICAL|ERROR|WARN|INFO|DEBUG|TRACE))"
    r"|Caused by: |Suppressed: |at [\w.$<>]{1,200}\(|\.\.\. \d{1,6} more"
    r"|During handling of the above|The above exception was"
)
_CHAINS = re.compile(r"During handling of the above|The above exception was")
_TRACE_STARTS = re.compile(r"Traceback \(most recent call last\)|.{0,200}panic: |goroutine \d")
_EXCEPTION = re.compile(
    r"(?:Caused by: |Uncaught )?[A-Za-z_][\w.$]{0,200}(?:Error|Exception|Exit|Interrupt|Warning|Fault)\b"
)


def _entries(lines: Iterable[LogLine]) -> Iterator[_Entry]:
    """Lines with their continuations. Streams interleave, so every stream keeps its own open entry."""
    still_open: dict[str, _Entry] = {}
    for line in lines:
        text = strip_control(redact(line.message[:_READ])).rstrip()
        entry = still_open.get(line.stream)
        if entry is not None and _continues(entry, text, line.at):
            _extend(entry, text, line.at)
            continue
        if entry is not None:
            yield still_open.pop(line.stream)
        elif len(still_open) >= _OPEN_STREAMS:
            yield still_open.pop(next(iter(still_open)))
        still_open[line.stream] = _Entry(line.at, line.at, [text], in_trace=bool(_TRACE_STARTS.match(text)))
    yield from still_open.values()


def _continues(entry: _Entry, text: str, at: float) -> bool:
    if not abs(at - entry.last) <= _ADJACENT or not text:
        return False
    if _CONTINUES.match(text):
        return True
    if _TRACE_STARTS.match(text):  # a trace belongs to the error logged with it, never to a bystander's line
        return bool(_CHAINS.match(entry.lines[-1])) or (len(entry.lines) == 1 and _is_error(entry.lines[0]))
    return entry.in_trace and bool(_EXCEPTION.match(text))


def _is_error(head: str) -> bool:
    return not _TRACE_STARTS.match(head) and _level_of(head) in ("ERROR", "CRITICAL")


def _extend(entry: _Entry, text: str, at: float) -> None:
    entry.last = at
    if _TRACE_STARTS.match(text):
        entry.in_trace = True
    elif not text[:1].isspace() and _EXCEPTION.match(text):
        entry.in_trace = False
    if len(entry.lines) >= _TRACE_LINES:  # the head and the end are what tells
        del entry.lines[_TRACE_LINES // 2]
    entry.lines.append(text)


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
_STACK_KEYS = ("stack", "stack_trace", "stacktrace", "traceback", "exc_info", "exception", "err", "error")


def level_of(text: str) -> str:
    """The level of one thing logged: CRITICAL, ERROR, WARNING, INFO, DEBUG, or nothing."""
    parsed = _parsed(text)
    return (_json_level(parsed) if parsed else "") or _level_of(text)


def _read(text: str) -> _Reading:
    parsed = _parsed(text)
    if parsed is not None:
        return _read_json(parsed, text)
    return _Reading(_level_of(text), _essence(text), text)


def _parsed(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _read_json(record: dict[str, Any], text: str) -> _Reading:
    message = _first(record, _MESSAGE_KEYS)
    if not message:
        return _Reading(_json_level(record), ", ".join(sorted(str(key)[:40] for key in list(record)[:20])), text)
    stack = _first(record, _STACK_KEYS)
    logger = _first(record, _LOGGER_KEYS)
    body = f"{message}\n{stack}" if stack and stack != message else message
    said = _essence(body)
    level = _json_level(record) or _level_of(body)
    return _Reading(level, f"{logger}: {said}" if logger else said, body)


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
            return strip_control(redact(value[:_READ])).strip()
    return ""


def _json_level(record: dict[str, Any]) -> str:
    for key in _LEVEL_KEYS:
        value = record.get(key)
        if isinstance(value, str) and value.strip().lower() in LEVELS:
            return LEVELS[value.strip().lower()]
        if isinstance(value, int) and value in _NUMBERS:
            return _NUMBERS[value]
    return ""


def _level_of(text: str) -> str:
    head = text[:300]
    word = _LEVEL_WORD.search(head)
    if word:
        return LEVELS[(word.group(1) or word.group(2)).lower()]
    return "ERROR" if _TRACE_STARTS.match(head) or _EXCEPTION.match(head) else ""


def _essence(text: str) -> str:
    """The head of a text and, where a stack trace follows, the exception that ends it."""
    lines = [line for line in text[:_READ].split("\n") if line.strip()]
    if not lines:
        return ""
    raised = next((line for line in reversed(lines[1:]) if _EXCEPTION.match(line)), "")
    head = lines[0].strip()
    if not raised or raised in head:
        return head
    return raised if _TRACE_STARTS.fullmatch(head.rstrip(":")) else f"{head[: _TEMPLATE * 3]} | {raised}"


def _ends(text: str, size: int) -> str:
    """The head and the end of a long text, since a stack trace says most in both."""
    return text if len(text) <= size else f"{text[: size // 2]}\n…\n{text[-size // 3 :]}"
