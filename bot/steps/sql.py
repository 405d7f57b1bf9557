"""One question to a service's PostgreSQL database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from bot.domain import Account, Fact, Finding
from bot.errors import UpstreamError
from bot.masks import MASKED, is_column_of, masked, masker
from bot.ports import World
from bot.reach_ports import Cell, Encryption, Question, Rows
from bot.steps.base import ReadingStep, Scene
from bot.steps.naming import Heading, Prefix, Seconds, fact_word, facts, number
from bot.steps.places import applies, fill

TOO_MANY_CONNECTIONS = "53300"
SHOWN_ROWS = 8
_READS = ("select", "with", "show", "values", "table", "explain")
_COMMENT = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)+", re.DOTALL)
_WORD = re.compile(r"\(*([A-Za-z]+)")


class SqlStep(ReadingStep):
    """A single statement that reads, in a read-only transaction with a statement timeout."""

    do: Literal["sql"]
    secret: str = Field(min_length=1, description="Secrets Manager id; JSON with host, port, username, password.")
    query: str = Field(min_length=1, max_length=8_000, description="One SELECT, WITH, SHOW, VALUES, TABLE or EXPLAIN.")
    database: str = Field(default="", description="Database, where it is not the secret's dbname.")
    address: str = Field(
        default="", pattern=r"^$|^[\w.{}-]+(:\d{1,5})?$", description="host:port, where the secret names no host."
    )
    encryption: Encryption = Field(default="prefer", description="TLS: prefer, require or verify (the certificate).")
    limit: int = Field(default=20, ge=1, le=200, description="Rows read.")
    seconds: Seconds = 3.0
    name: Prefix = "sql"
    title: Heading = "Database"

    @field_validator("query")
    @classmethod
    def _reads(cls, query: str) -> str:
        beginning = _COMMENT.match(query)
        word = _WORD.match(query, beginning.end() if beginning else 0)
        if word is None or word[1].lower() not in _READS:
            raise ValueError(f"is no question; it begins with one of {', '.join(_READS)}")
        return query.strip().rstrip(";")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when a placeholder is for another kind of service. A full server is a finding of its own."""
        texts = (self.secret, self.query, self.database, self.address)
        if not applies(scene, *texts):
            return None
        secret, query, database, address = (fill(text, scene, world) for text in texts)
        question = Question(
            secret=secret,
            query=query,
            address=address,
            database=database,
            encryption=self.encryption,
            limit=self.limit,
            seconds=self.seconds,
        )
        account = scene.target.account if scene.target else Account(region=scene.alarm.region)
        try:
            answer = world.databases.ask(account, question)
        except UpstreamError as error:
            if error.code != TOO_MANY_CONNECTIONS:
                raise
            full = facts(self.name, refused="too many connections")
            return Finding(step=self.do, title=self.title, summary=str(error), facts=full, weight=85)
        return self._found(_safe(answer, world.catalog.masked_fields(scene.target)))

    def _found(self, answer: Rows) -> Finding:
        count = len(answer.rows)
        found = [*facts(self.name, rows=count)]
        if not answer.rows:
            summary = f"No row of “{_short(self.query)}” in {answer.place}."
            return Finding(step=self.do, title=self.title, summary=summary, facts=tuple(found), weight=5)
        seen = {"rows"}
        for column, cell in zip(answer.columns, answer.rows[0], strict=True):
            word = fact_word(column)
            if cell is not None and word not in seen:
                seen.add(word)
                found.append(Fact(name=f"{self.name}.{word}", value=cell))
        first = _row(answer.columns, answer.rows[0])
        counted = "" if count == 1 and not answer.more else f"{count}{' and more' if answer.more else ''} rows; first: "
        return Finding(
            step=self.do,
            title=self.title,
            summary=f"{counted}{first}",
            lines=tuple(_row(answer.columns, row) for row in answer.rows[1:SHOWN_ROWS]),
            facts=tuple(found),
            weight=15,
        )


def _safe(answer: Rows, fields: Sequence[str]) -> Rows:
    """The rows without masked fields, by the names of their columns and in what stands in them."""
    hidden = [is_column_of(column, fields) for column in answer.columns]
    pattern = masker(fields)

    def safe(cell: Cell, *, is_hidden: bool) -> Cell:
        if cell is not None and is_hidden:
            return MASKED
        return masked(cell, pattern) if isinstance(cell, str) else cell

    rows = (tuple(safe(cell, is_hidden=each) for cell, each in zip(row, hidden, strict=True)) for row in answer.rows)
    return replace(answer, rows=tuple(rows))


def _row(columns: tuple[str, ...], row: tuple[Cell, ...]) -> str:
    shown = [f"{column} {_cell(cell)}" for column, cell in zip(columns, row, strict=True)]
    return ", ".join(shown)[:500]


def _cell(cell: Cell) -> str:
    return "null" if cell is None else number(cell) if isinstance(cell, float) else cell


def _short(query: str) -> str:
    text = " ".join(query.split())
    return text if len(text) <= 120 else f"{text[:119]}…"
