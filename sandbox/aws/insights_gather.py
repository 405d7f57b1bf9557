"""What a Logs Insights query keeps of the records it has looked at: the rows themselves, their statistics or patterns.

A query looks at millions of records one chunk after the other, and may be asked for its answer at any time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.aws.insights_aggregates import Aggregate
from sandbox.aws.insights_functions import Expression, text
from sandbox.aws.insights_records import Record

MOST_KEPT = 500_000
_DEFAULT_COLUMNS = ["@timestamp", "@message"]
_VARIABLE = re.compile(r"\b(?=\w*\d)[\w.:-]+\b")
_SEVERITIES = ("Error", "Warn", "Info", "Debug")


@dataclass
class Table:
    """The records on their way through the pipeline, and the columns to answer with."""

    rows: list[Record]
    columns: list[str] = field(default_factory=list)
    matched: int = 0
    is_grouped: bool = False
    is_limited: bool = False

    def shown_columns(self) -> list[str]:
        """What the query asked to see; time and message when it did not say."""
        return self.columns or _DEFAULT_COLUMNS


Step = Callable[[Table], None]


@dataclass(frozen=True)
class Column:
    """An expression of a list, under its alias or under the text it was written as."""

    name: str
    value: Expression


class TooMuchError(Exception):
    """The query would have to keep more rows than there is room for."""


class Gathered(Protocol):
    """What is kept of the rows so far."""

    def add(self, table: Table) -> None:
        """Take the rows that are left of one more chunk. Raises TooMuchError."""

    def table(self, columns: list[str]) -> Table:
        """A table of what there is so far; ``columns`` are those that were asked for before."""


class Rows:
    """The rows themselves; ``prune`` leaves out those that cannot be in the answer any more."""

    def __init__(self, prune: Callable[[list[Record]], list[Record]], room: int) -> None:
        self._prune, self._room = prune, room
        self._rows: list[Record] = []

    def add(self, table: Table) -> None:
        """Take one more chunk."""
        self._rows += table.rows
        if len(self._rows) > self._room:
            self._rows = self._prune(self._rows)
        if len(self._rows) > MOST_KEPT:
            raise TooMuchError

    def table(self, columns: list[str]) -> Table:
        """Copies of the rows so far: what is made of them may be asked for again."""
        return Table([row.copy() for row in self._rows], list(columns))


@dataclass
class _Group:
    values: list[Any]
    first: Record | None
    aggregates: list[Aggregate]


class Statistics:
    """stats: groups by the values of ``keys``, with their aggregates, of which ``columns`` are made."""

    def __init__(
        self, columns: Sequence[Column], keys: Sequence[Column], makers: Sequence[Callable[[], Aggregate]]
    ) -> None:
        self._columns, self._keys, self._makers = columns, keys, makers
        self._groups: dict[tuple[str, ...], _Group] = {}

    def add(self, table: Table) -> None:
        """Take one more chunk."""
        for row in table.rows:
            values = [key.value(row) for key in self._keys]
            name = tuple(map(text, values))
            group = self._groups.get(name)
            if group is None:
                group = self._groups[name] = _Group(values, row, [make() for make in self._makers])
            for aggregate in group.aggregates:
                aggregate.add(row)

    def table(self, columns: list[str]) -> Table:
        """One row for each group; without keys there is one of nothing, too."""
        groups = list(self._groups.values())
        if not groups and not self._keys:
            groups = [_Group([], None, [make() for make in self._makers])]
        names = [column.name for column in (*self._keys, *self._columns)]
        return Table([self._row(group) for group in groups], names, is_grouped=True)

    def _row(self, group: _Group) -> Record:
        seen = Record(first=group.first, results=[aggregate.result() for aggregate in group.aggregates])
        found = {key.name: value for key, value in zip(self._keys, group.values, strict=True)}
        found |= {column.name: column.value(seen) for column in self._columns}
        row = Record()
        row.given = {name: value for name, value in found.items() if value is not None}
        return row


class Patterns:
    """pattern: rows that say the same but for numbers, ids and times, counted."""

    def __init__(self, source: Expression) -> None:
        self._source = source
        self._samples: Counter[str] = Counter()

    def add(self, table: Table) -> None:
        """Take one more chunk."""
        self._samples.update(_VARIABLE.sub("<*>", text(self._source(row))) for row in table.rows)

    def table(self, columns: list[str]) -> Table:
        """One row for each pattern, the most frequent first."""
        total = sum(self._samples.values())
        made = Table([], ["@pattern", "@ratio", "@sampleCount", "@severityLabel"], is_grouped=True)
        for masked, count in self._samples.most_common():
            row = Record()
            severity = next((word for word in _SEVERITIES if word.lower() in masked.lower()), "None")
            row.given = {"@pattern": masked, "@ratio": count / total, "@sampleCount": count, "@severityLabel": severity}
            made.rows.append(row)
        return made
