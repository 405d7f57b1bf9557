"""How a Logs Insights query goes through its records: the newest first, chunk by chunk, and what it can tell so far."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from moto.logs.models import LogGroup

from sandbox.aws.insights_commands import DEDUP, FILTER, KEEP, LIMIT, SORT, Command
from sandbox.aws.insights_gather import Gathered, Rows, Table
from sandbox.aws.insights_records import Record, shown
from sandbox.aws.logs_store import Event, cut, first_order, group_sources, in_order, oldest_kept

_CHUNK = 5_000
_SPARE = 20_000


class Scan:
    """A query over [start, end], both epoch seconds; a limit in the query wins over ``limit``.

    What is written after it began is not in it.
    """

    def __init__(self, commands: Sequence[Command], groups: Sequence[LogGroup], start: int, end: int, limit: int):
        parts = [_events_of(group, start, end) for group in groups]
        self.total = sum(len(source) for _, sources in parts for source in sources)
        self.scanned = self.matched = self.size = 0
        self._groups = len(groups)
        self._records = _records(parts)
        self._limit = limit
        self._columns: list[str] = []
        first = next((place for place, each in enumerate(commands) if each.kind not in (KEEP, FILTER)), len(commands))
        self._head, rest = commands[:first], list(commands[first:])
        gather = rest[0].gather if rest else None
        self._kept: Gathered = gather() if gather else _rows(rest, limit)
        self._tail = rest[1:] if gather else rest

    @property
    def is_done(self) -> bool:
        """Whether every record was looked at."""
        return self.scanned >= self.total

    def look_at(self, count: int) -> None:
        """Look at so many records more. Raises TooMuchError."""
        while count > 0 and (chunk := list(islice(self._records, min(count, _CHUNK)))):
            count -= len(chunk)
            self.scanned += len(chunk)
            self.size += sum(len(record.event.message) for record in chunk if record.event)
            table = Table(chunk, matched=len(chunk))
            for command in self._head:
                command.step(table)
            self.matched += table.matched
            self._columns = table.columns
            self._kept.add(table)

    def rows(self) -> list[list[dict[str, str]]]:
        """The answer so far, as rows of {field, value}.

        A field a row lacks is left out, a row that is an event has its @ptr.
        """
        table = self._kept.table(self._columns)
        table.matched = self.matched
        for command in self._tail:
            command.step(table)
        if self.is_done:
            self.matched = table.matched
        if not table.is_limited:
            table.rows = table.rows[: self._limit]
        columns = table.shown_columns()
        return [_cells(row, columns) for row in table.rows]

    def statistics(self) -> dict[str, float]:
        """What GetQueryResults tells of the work done so far."""
        return {
            "recordsMatched": float(self.matched),
            "recordsScanned": float(self.scanned),
            "bytesScanned": float(self.size),
            "estimatedRecordsSkipped": 0.0,
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": float(self._groups),
        }


def _events_of(group: LogGroup, start: int, end: int) -> tuple[str, list[Sequence[Event]]]:
    """The group's name as @log has it, and its events."""
    low = first_order(max(start * 1000, oldest_kept(group)))
    return f"{group.account_id}:{group.name}", cut(group_sources(group), low, first_order((end + 1) * 1000))


def _records(parts: Sequence[tuple[str, list[Sequence[Event]]]]) -> Iterator[Record]:
    """Everything, the newest first."""
    each = [map(partial(Record, log=log), in_order(sources, backwards=True)) for log, sources in parts]
    return each[0] if len(each) == 1 else heapq.merge(*each, key=_order, reverse=True)


def _order(record: Record) -> int:
    return record.event.order if record.event else 0


def _rows(tail: Sequence[Command], limit: int) -> Rows:
    """Keeps the rows themselves, and where the commands allow it no more of them than the answer can need."""
    kinds = [command.kind for command in tail]
    most = limit
    if kinds[:1] == [DEDUP]:
        prune, most = list(tail[:1]), 0
    else:
        end = 1 if kinds[:1] == [SORT] else 0
        while kinds[end : end + 1] == [DEDUP]:
            end += 1
        if kinds[end : end + 1] == [LIMIT]:
            most = tail[end].limit or 0
            end += 1
        elif set(kinds[end:]) - {KEEP}:
            return Rows(lambda rows: rows, _SPARE)
        prune = list(tail[:end])

    def pruned(rows: list[Record]) -> list[Record]:
        table = Table(rows)
        for command in prune:
            command.step(table)
        return table.rows[:most] if most else table.rows

    return Rows(pruned, _SPARE + 2 * most)


def _cells(row: Record, columns: Sequence[str]) -> list[dict[str, str]]:
    found: list[tuple[str, Any]] = [(name, row.get(name)) for name in columns]
    if row.event is not None and "@ptr" not in columns:
        found.append(("@ptr", row.get("@ptr")))
    return [{"field": name, "value": shown(value)} for name, value in found if value is not None]
