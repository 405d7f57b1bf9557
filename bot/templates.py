"""Log lines grouped by what they say, so that a thousand failures read as three sentences.

Lines that differ only in ids, numbers, times, addresses, paths and quoted words are one group, also where an id
happens to be a number. A stack trace belongs to the line above it, whether it came in one event or, as from most
containers, in an event per line. Work per line is bounded, and so is memory: only the beginning of a line is read, and
groups beyond a limit are counted together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.cloud import LogLine
from bot.key_lines import without_keys
from bot.redact import clean, redact
from bot.said import EXCEPTION, LONGEST, TRACE_STARTS, Reading, level_of_words, read, shown
from bot.secret_values import MASK

MAX_GROUPS = 500
OTHER = "(other lines)"

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

    @property
    def kind(self) -> str:
        """What lines that say the same have in common, whatever their template."""
        return kind_of(self.template)


def kind_of(template: str) -> str:
    """The template in which an id of digits alone, which reads as a number, is as good as one with letters."""
    return template.replace("<hex>", "<n>")


@dataclass(frozen=True, kw_only=True)
class ReadLine(LogLine):
    """A line whose ``message`` is without secrets and control characters; ``reading`` is what it says by itself."""

    reading: Reading


def read_line(line: LogLine, message: str) -> ReadLine:
    """What ``group`` and ``entries`` do with every line first; worth doing while others are still on their way.

    ``message`` stands for the line's own.
    """
    text = _readable(message)
    return ReadLine(line.at, text, line.stream, line.id, line.group, reading=read(text[:LONGEST]))


@dataclass
class _Entry:
    """One thing logged: a line and what continues it; ``alone`` is what the line says as long as nothing does."""

    first: float
    last: float
    lines: list[str]
    in_trace: bool = False
    alone: Reading | None = None


@dataclass
class _Tally:
    """``sample`` is the newest text, or when ``is_shown`` the ends of what is worth showing of it."""

    level: str
    sample: str
    first: float
    last: float
    count: int = 0
    is_shown: bool = False

    @property
    def shown(self) -> str:
        return self.sample if self.is_shown else shown(self.sample)


@dataclass
class _Groups:
    tallies: dict[str, _Tally] = field(default_factory=dict)

    def add(self, entry: _Entry) -> None:
        text = "\n".join(entry.lines)
        reading = entry.alone or read(text)
        template = reading.template
        if template not in self.tallies and len(self.tallies) >= MAX_GROUPS:
            template = OTHER
        tally = self.tallies.get(template)
        if tally is None:
            tally = self.tallies[template] = _Tally(reading.level, "", entry.first, entry.first)
        tally.count += 1
        tally.first = min(tally.first, entry.first)
        if not tally.sample or entry.first >= tally.last:
            tally.is_shown = len(text) > _KEPT
            tally.sample = _ends(shown(text), _KEPT) if tally.is_shown else text
        tally.last = max(tally.last, entry.first)

    def by_kind(self) -> Iterable[Mapping[str, _Tally]]:
        """The tallies by their templates, those of one kind together."""
        kinds: dict[str, dict[str, _Tally]] = {}
        for template, tally in self.tallies.items():
            kinds.setdefault(kind_of(template), {})[template] = tally
        return kinds.values()


def group(lines: Iterable[LogLine]) -> list[LogGroup]:
    """The groups, most lines first, then the most recent. Never raises; reads ``lines`` once."""
    groups = _Groups()
    for entry in _entries(lines):
        groups.add(entry)
    found = [_found(tallies) for tallies in groups.by_kind()]
    return sorted(found, key=lambda one: (-one.count, -one.last, one.template))


def _found(tallies: Mapping[str, _Tally]) -> LogGroup:
    """The group of one kind, by the template of the most of its lines."""
    each = tallies.values()
    template, most = max(tallies.items(), key=lambda one: one[1].count)
    newest = max(each, key=lambda one: one.last)
    first, count = min(one.first for one in each), sum(one.count for one in each)
    return LogGroup(template, count, first, newest.last, _ends(redact(newest.shown), _SAMPLE), most.level)


def entries(lines: Iterable[LogLine]) -> list[tuple[float, str]]:
    """Things logged, oldest first: when, and the text without secrets, a stack trace with the line it belongs to."""
    return sorted(((entry.first, "\n".join(entry.lines)) for entry in _entries(lines)), key=lambda each: each[0])


def by_entry(lines: Iterable[LogLine]) -> list[list[LogLine]]:
    """The lines of one stream as ``entries`` puts them together, each with those that continue it.

    They are in their order, and without secrets and control characters already.
    """
    found: list[list[LogLine]] = []
    entry: _Entry | None = None
    for line in lines:
        text = line.message[:LONGEST]
        if entry is not None and _continues(entry, text, line.at):
            _extend(entry, text, line.at)
            found[-1].append(line)
        else:
            entry = _Entry(line.at, line.at, [text], bool(TRACE_STARTS.match(text)))
            found.append([line])
    return found


def may_be_of_trace(text: str) -> bool:
    """Whether a stack trace may stand in other events around this one; a record and what has several lines is whole."""
    if "\n" in text or text.startswith("{"):
        return False
    is_grave = level_of_words(text) in ("CRITICAL", "ERROR", "WARNING")
    return is_grave or bool(_CONTINUES.match(text)) or text.startswith("Exception in thread")


_CONTINUES = re.compile(
    r"\s++(?!(?:FATAL|CRITICAL|ERROR|WARN|INFO|DEBUG|TRACE))"
    r"|Caused by: |Suppressed: |at [\w.$<>]{1,200}\(|\.\.\. \d{1,6} more"
    r"|During handling of the above|The above exception was"
)
_CHAINS = re.compile(r"During handling of the above|The above exception was")


def _entries(lines: Iterable[LogLine]) -> Iterator[_Entry]:
    """Lines with their continuations. Streams interleave, so every stream keeps its own open entry."""
    still_open: dict[tuple[str, str], _Entry] = {}
    for line in without_keys(tuple(lines), masked_line):
        text = line.message[:LONGEST] if isinstance(line, ReadLine) else _readable(line.message[:LONGEST])
        entry = still_open.get(line.place)
        if entry is not None and _continues(entry, text, line.at):
            _extend(entry, text, line.at)
            continue
        if entry is not None:
            yield still_open.pop(line.place)
        elif len(still_open) >= _OPEN_STREAMS:
            yield still_open.pop(next(iter(still_open)))
        alone = line.reading if isinstance(line, ReadLine) else None
        still_open[line.place] = _Entry(line.at, line.at, [text], bool(TRACE_STARTS.match(text)), alone)
    yield from still_open.values()


def masked_line(line: LogLine) -> LogLine:
    """The line with a mask in place of what it says."""
    return read_line(line, MASK)


def _readable(message: str) -> str:
    return clean(message).rstrip()


def _continues(entry: _Entry, text: str, at: float) -> bool:
    if not abs(at - entry.last) <= _ADJACENT or not text:
        return False
    if _CONTINUES.match(text):
        return True
    if TRACE_STARTS.match(text):  # a trace belongs to the error logged with it, never to a bystander's line
        return bool(_CHAINS.match(entry.lines[-1])) or (len(entry.lines) == 1 and _is_error(entry.lines[0]))
    return entry.in_trace and bool(EXCEPTION.match(text))


def _is_error(head: str) -> bool:
    return not TRACE_STARTS.match(head) and level_of_words(head) in ("ERROR", "CRITICAL")


def _extend(entry: _Entry, text: str, at: float) -> None:
    entry.last, entry.alone = at, None
    if TRACE_STARTS.match(text):
        entry.in_trace = True
    elif not text[:1].isspace() and EXCEPTION.match(text):
        entry.in_trace = False
    if len(entry.lines) >= _TRACE_LINES:  # the head and the end are what tells
        del entry.lines[_TRACE_LINES // 2]
    entry.lines.append(text)


def _ends(text: str, size: int) -> str:
    """The head and the end of a long text, since a stack trace says most in both."""
    return text if len(text) <= size else f"{text[: size // 2]}\n…\n{text[-size // 3 :]}"
