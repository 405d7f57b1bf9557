"""The commands of Logs Insights, read into steps over tables of records."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.aws.insights_expressions import Reader
from sandbox.aws.insights_functions import Expression, text
from sandbox.aws.insights_gather import Column, Gathered, Patterns, Statistics, Step, Table
from sandbox.aws.insights_records import Record
from sandbox.aws.insights_tokens import Token, tokens_of, unexpected
from sandbox.aws.logs_matching import as_number, wildcards

KEEP, FILTER, SORT, DEDUP, LIMIT, GATHER = "keep", "filter", "sort", "dedup", "limit", "gather"


@dataclass(frozen=True)
class Command:
    """One command: a step over a table, and its kind, which says whether it can work chunk by chunk.

    "keep" and "filter" look at each row for itself; "gather" makes new rows of all, and ``gather`` is where to begin.
    """

    step: Step
    kind: str = KEEP
    gather: Callable[[], Gathered] | None = None
    limit: int | None = None


def parse_query(query: str) -> list[Command]:
    """The commands of a query. Raises MalformedQuery with the place of the first wrong word."""
    commands: list[Command] = []
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
        commands.append(_command(query, command))
        command = []
    return commands


def names_of(query: str) -> list[Token]:
    """The first word of each command of a query. Raises MalformedQuery."""
    tokens = tokens_of(query)
    return [token for place, token in enumerate(tokens) if place == 0 or tokens[place - 1].text == "|"]


def _command(query: str, tokens: list[Token]) -> Command:
    reader = Reader(query, tokens)
    name = reader.take("name").text.lower()
    if name not in _COMMANDS:
        raise reader.wrong(tokens[0])
    command = _COMMANDS[name](reader)
    reader.finish()
    return command


def _fields(reader: Reader) -> Command:
    columns = reader.columns()

    def step(table: Table) -> None:
        _compute(table, columns)
        table.columns += [column.name for column in columns if column.name not in table.columns]

    return Command(step)


def _display(reader: Reader) -> Command:
    columns = reader.columns()

    def step(table: Table) -> None:
        _compute(table, columns)
        table.columns = [column.name for column in columns]

    return Command(step)


def _compute(table: Table, columns: list[Column]) -> None:
    for row in table.rows:
        for column in columns:
            if (value := column.value(row)) is not None:
                row.given[column.name] = value


def _filter(reader: Reader) -> Command:
    test = reader.expression()

    def step(table: Table) -> None:
        table.rows = [row for row in table.rows if test(row)]
        if not table.is_grouped and not table.is_limited:
            table.matched = len(table.rows)

    return Command(step, FILTER)


def _limit(reader: Reader) -> Command:
    count = int(reader.take("number").text)

    def step(table: Table) -> None:
        table.rows = table.rows[:count]
        table.is_limited = True

    return Command(step, LIMIT, limit=count)


def _sort(reader: Reader) -> Command:
    keys: list[tuple[Expression, bool]] = []
    while not keys or reader.accept(","):
        column = _sort_key(reader)
        keys.append((column, reader.accept("asc", "desc") == "desc"))

    def step(table: Table) -> None:
        for value, descending in reversed(keys):
            table.rows.sort(key=lambda row: _rank(value(row), descending), reverse=descending)

    return Command(step, SORT)


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


def _stats(reader: Reader) -> Command:
    columns = reader.columns()
    keys = reader.columns() if reader.accept("by") else []
    return _gathering(lambda: Statistics(columns, keys, reader.aggregates))


def _pattern(reader: Reader) -> Command:
    source = reader.expression()
    return _gathering(lambda: Patterns(source))


def _gathering(gather: Callable[[], Gathered]) -> Command:
    def step(table: Table) -> None:
        gathered = gather()
        gathered.add(table)
        made = gathered.table(table.columns)
        table.rows, table.columns, table.is_grouped = made.rows, made.columns, True

    return Command(step, GATHER, gather)


def _dedup(reader: Reader) -> Command:
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

    return Command(step, DEDUP)


def _message(row: Record) -> Any:
    return row.get("@message")


def _parse(reader: Reader) -> Command:
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

    return Command(step)


def _glob(written: str) -> re.Pattern[str]:
    """A glob: each * is a field as short as can be, the last one at the very end takes the rest."""
    expression = wildcards(written).replace(".*", "(.*?)")
    if expression.endswith("(.*?)"):
        expression = expression[: -len("(.*?)")] + "(.*)"
    return re.compile(expression, re.DOTALL)


_COMMANDS: dict[str, Callable[[Reader], Command]] = {
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
