"""The commands of Logs Insights, read into steps of a pipeline over records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.insights_expressions import Column, Reader
from sandbox.aws.insights_functions import Expression, text
from sandbox.aws.insights_records import Instant, Record
from sandbox.aws.insights_tokens import Token, tokens_of, unexpected
from sandbox.aws.logs_matching import as_number, wildcards

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


def parse_query(query: str) -> list[Step]:
    """The steps of a query. Raises MalformedQuery with the place of the first wrong word."""
    steps: list[Step] = []
    command: list[Token] = []
    tokens = tokens_of(query)
    if not tokens:
        raise unexpected(query, 0, 0)
    for token in [*tokens, Token("mark", "|", len(query), len(query))]:
        if token.kind != "mark" or token.text != "|":
            command.append(token)
            continue
        if not command:
            raise unexpected(query, token.start, token.end)
        steps.append(_step(query, command))
        command = []
    return steps


def _step(query: str, tokens: list[Token]) -> Step:
    reader = Reader(query, tokens)
    name = reader.take("name").text.lower()
    if name not in _COMMANDS:
        raise reader.wrong(tokens[0])
    step = _COMMANDS[name](reader)
    reader.finish()
    return step


def _fields(reader: Reader) -> Step:
    columns = reader.columns()

    def step(table: Table) -> None:
        _compute(table, columns)
        table.columns += [column.name for column in columns if column.name not in table.columns]

    return step


def _display(reader: Reader) -> Step:
    columns = reader.columns()

    def step(table: Table) -> None:
        _compute(table, columns)
        table.columns = [column.name for column in columns]

    return step


def _compute(table: Table, columns: list[Column]) -> None:
    for row in table.rows:
        for column in columns:
            if (value := column.value(row)) is not None:
                row.given[column.name] = value


def _filter(reader: Reader) -> Step:
    test = reader.expression()

    def step(table: Table) -> None:
        table.rows = [row for row in table.rows if test(row)]
        if not table.is_grouped and not table.is_limited:
            table.matched = len(table.rows)

    return step


def _limit(reader: Reader) -> Step:
    count = int(reader.take("number").text)

    def step(table: Table) -> None:
        table.rows = table.rows[:count]
        table.is_limited = True

    return step


def _sort(reader: Reader) -> Step:
    keys: list[tuple[Expression, bool]] = []
    while not keys or reader.accept(","):
        column = _sort_key(reader)
        keys.append((column, reader.accept("asc", "desc") == "desc"))

    def step(table: Table) -> None:
        for value, descending in reversed(keys):
            table.rows.sort(key=lambda row: _rank(value(row), descending), reverse=descending)

    return step


def _sort_key(reader: Reader) -> Expression:
    """A column of an earlier stats by the text it was written as, such as count(*), or any expression."""
    column = reader.column()
    return lambda row: row.given[column.name] if column.name in row.given else column.value(row)


def _rank(value: Any, descending: bool) -> tuple[int, float, str]:
    """Numbers before texts; rows without a value come last either way."""
    if value is None:
        return (-1 if descending else 2), 0.0, ""
    number = as_number(value)
    return (0, number, "") if number is not None else (1, 0.0, text(value))


def _stats(reader: Reader) -> Step:
    columns = reader.columns()
    keys = reader.columns() if reader.accept("by") else []

    def step(table: Table) -> None:
        groups: dict[tuple[str, ...], tuple[list[Any], list[Record]]] = {}
        for row in table.rows:
            values = [key.value(row) for key in keys]
            groups.setdefault(tuple(map(text, values)), (values, []))[1].append(row)
        if not groups and not keys:
            groups[()] = ([], [])
        table.rows = []
        for values, members in groups.values():
            group = Record(rows=members)
            result = {key.name: value for key, value in zip(keys, values, strict=True)}
            result |= {column.name: column.value(group) for column in columns}
            group.rows = []
            group.given = {name: value for name, value in result.items() if value is not None}
            table.rows.append(group)
        table.columns = [column.name for column in [*keys, *columns]]
        table.is_grouped = True

    return step


def _dedup(reader: Reader) -> Step:
    columns = reader.columns()

    def step(table: Table) -> None:
        seen: set[tuple[str, ...]] = set()
        kept = []
        for row in table.rows:
            key = tuple(text(column.value(row)) for column in columns)
            if key not in seen:
                seen.add(key)
                kept.append(row)
        table.rows = kept

    return step


def _message(row: Record) -> Any:
    return row.get("@message")


def _parse(reader: Reader) -> Step:
    source: Expression = _message
    if reader.peek().kind == "name":
        source = reader.arithmetic()
    token = reader.take("string", "regex")
    names = [reader.take("name").text] if reader.accept("as") else []
    while names and reader.accept(","):
        names.append(reader.take("name").text)
    pattern = reader.regex(token) if token.kind == "regex" else _glob(token.text)
    named = {number: name for name, number in pattern.groupindex.items()}
    targets = names or [named.get(number, "") for number in range(1, pattern.groups + 1)]
    if not targets or "" in targets or len(targets) != pattern.groups:
        raise unexpected(reader.query, token.start, token.end, "the pattern and its fields do not fit")

    def step(table: Table) -> None:
        for row in table.rows:
            match = pattern.search(text(source(row)))
            if match:
                found = zip(targets, match.groups(), strict=True)
                row.given |= {name: value for name, value in found if value is not None}

    return step


def _glob(written: str) -> re.Pattern[str]:
    """A glob: each * is a field as short as can be, the last one at the very end takes the rest."""
    expression = wildcards(written).replace(".*", "(.*?)")
    if expression.endswith("(.*?)"):
        expression = expression[: -len("(.*?)")] + "(.*)"
    return re.compile(expression, re.DOTALL)


def _pattern(reader: Reader) -> Step:
    """Rows that say the same but for numbers, ids and times, counted."""
    source = reader.expression()

    def step(table: Table) -> None:
        samples: Counter[str] = Counter(_VARIABLE.sub("<*>", text(source(row))) for row in table.rows)
        total = sum(samples.values())
        table.rows = []
        for masked, count in samples.most_common():
            row = Record()
            severity = next((word for word in _SEVERITIES if word.lower() in masked.lower()), "None")
            row.given = {"@pattern": masked, "@ratio": count / total, "@sampleCount": count, "@severityLabel": severity}
            table.rows.append(row)
        table.columns = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"]
        table.is_grouped = True

    return step


_COMMANDS: dict[str, Callable[[Reader], Step]] = {
    "fields": _fields,
    "display": _display,
    "filter": _filter,
    "sort": _sort,
    "limit": _limit,
    "stats": _stats,
    "parse": _parse,
    "dedup": _dedup,
    "pattern": _pattern,
}


def newest_first(rows: list[Record]) -> list[Record]:
    """The order of a query without sort."""
    return sorted(rows, key=lambda row: row.get("@timestamp") or Instant(0), reverse=True)
