"""The records of a Logs Insights query: events with their discovered fields, and the rows of statistics."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.logs_store import Event

_UNREAD = object()
_DECIMALS = 4
_MEGABYTE = 1_000_000
_LAMBDA_FIELDS = {
    "@requestId": r"RequestId: (\S+)",
    "@duration": r"(?<!Billed )(?<!Init )Duration: ([\d.]+) ms",
    "@billedDuration": r"Billed Duration: ([\d.]+) ms",
    "@initDuration": r"Init Duration: ([\d.]+) ms",
    "@memorySize": r"Memory Size: (\d+) MB",
    "@maxMemoryUsed": r"Max Memory Used: (\d+) MB",
}


class Instant(int):
    """A time in milliseconds since the epoch, shown as 2026-11-22 18:50:37.811."""


class Record:
    """One row: fields given by the query first, then the event's own.

    While a group's columns are calculated it is the group: ``first`` is one of its rows, ``results`` its aggregates.
    """

    __slots__ = ("_document", "event", "first", "given", "log", "results")

    def __init__(
        self, event: Event | None = None, log: str = "", first: Record | None = None, results: Sequence[Any] = ()
    ) -> None:
        self.event = event
        self.log = log
        self.given: dict[str, Any] = {}
        self.first = first
        self.results = results
        self._document: Any = _UNREAD

    def copy(self) -> Record:
        """Another row with the same fields."""
        made = Record(self.event, self.log)
        made.given = dict(self.given)
        return made

    def get(self, name: str) -> Any:
        """The field's value, None when the record has no such field."""
        if name in self.given:
            return self.given[name]
        if self.event is None:
            return self.first.get(name) if self.first is not None else None
        if name[0] == "@":
            return self._system(self.event, name)
        return self._discovered(name)

    def _system(self, event: Event, name: str) -> Any:
        if name == "@message":
            return event.message
        if name == "@timestamp":
            return Instant(event.timestamp)
        if name == "@logStream":
            return event.stream
        if name == "@log":
            return self.log
        if name == "@ingestionTime":
            return Instant(event.ingestion_time)
        if name == "@ptr":
            return base64.b64encode(event.event_id.encode()).decode()
        return _lambda_field(event.message, name) if "/aws/lambda/" in self.log else None

    def _discovered(self, name: str) -> Any:
        """A JSON property; a.b.0 goes into objects and arrays, unless a property has that very name."""
        if self._document is _UNREAD:
            self._document = _parsed(self.event.message if self.event else "")
        found = self._document
        if isinstance(found, dict) and name in found:
            return _plain(found[name])
        for step in name.split("."):
            if isinstance(found, dict) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return _plain(found)


def _lambda_field(message: str, name: str) -> Any:
    """What Insights discovers in the START, END and REPORT lines of a Lambda function's log."""
    kind = message.split(" ", 1)[0]
    if kind not in ("START", "END", "REPORT"):
        return None
    if name == "@type":
        return kind
    match = re.search(_LAMBDA_FIELDS[name], message) if name in _LAMBDA_FIELDS else None
    if match is None:
        return None
    return match[1] if name == "@requestId" else float(match[1]) * (_MEGABYTE if "emory" in name else 1)


def _parsed(message: str) -> Any:
    if not message.lstrip().startswith("{"):
        return None
    try:
        return json.loads(message)
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    """Insights knows numbers and texts: true is 1, an object is its JSON."""
    if isinstance(value, bool):
        return int(value)
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list)) else value


def shown(value: Any) -> str:
    """A value as GetQueryResults prints it."""
    if isinstance(value, Instant):
        moment = datetime.fromtimestamp(value / 1000, UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{value % 1000:03d}"
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value))
        rounded = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
        return rounded if float(rounded) else repr(value)
    return str(value)
