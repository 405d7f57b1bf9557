"""A CloudWatch Logs Insights query over the service's logs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from bot.domain import Fact, Finding
from bot.masks import is_column_of, safe_row
from bot.ports import World
from bot.steps.base import NamedStep, Scene, StepName, account_of, in_one_line, shown
from bot.steps.logged import FUTURE_SECONDS
from bot.steps.places import applies, fill, log_groups
from bot.telemetry import QueryAnswer

READ_SECONDS = 8.0
"""Less than a playbook waits for its steps: a query that is late is stopped, and what it had is shown."""
MOST_LINES = 12
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


class InsightsStep(NamedStep):
    """A query in the Logs Insights query language; its first row becomes facts."""

    do: Literal["insights"]
    name: StepName = "insights"
    query: str = Field(min_length=1, max_length=10_000, description="Query in the Logs Insights query language.")
    log_groups: tuple[str, ...] = Field(default=(), max_length=50, description="Log groups; the service's by default.")
    minutes: int = Field(default=60, ge=1, le=10_080, description="How far back.")
    limit: int = Field(default=20, ge=1, le=1000, description="Rows at most; a limit in the query itself wins.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when no log group is known, or a placeholder is for another kind of service."""
        if not applies(scene, self.query, *self.log_groups):
            return None
        groups = tuple(fill(each, scene, world) for each in self.log_groups)
        if not groups and scene.target is not None:
            groups = log_groups(scene.target, world)
        if not groups:
            return None
        answer = world.insights.query(
            account_of(scene),
            groups,
            fill(self.query, scene, world),
            start=scene.at - self.minutes * 60,
            end=scene.at + FUTURE_SECONDS,
            limit=self.limit,
            deadline=world.clock.now() + READ_SECONDS,
        )
        fields = world.catalog.masked_fields(scene.target)
        safe = replace(answer, rows=tuple(_safe(row, fields) for row in answer.rows))
        return self._found(safe, f"in the last {self.minutes} min of {', '.join(groups)}")

    def _found(self, answer: QueryAnswer, where: str) -> Finding:
        title = self.title or "Logs Insights"
        late = "" if answer.is_whole else f" The query had not ended after {READ_SECONDS:.0f} s and was stopped."
        if not answer.rows:
            summary = f"No row of `{in_one_line(self.query, 400)}` {where}.{late}"
            facts = () if late else (self.fact("rows", 0.0),)
            return Finding(step=self.do, title=title, summary=summary, facts=facts, failed=bool(late))
        rows = len(answer.rows)
        scanned = f"{answer.scanned:,.0f} events, {_size(answer.scanned_bytes)} scanned"
        lines = [_line(row) for row in answer.rows[:MOST_LINES]]
        more = [f"… {rows - MOST_LINES} more"] if rows > MOST_LINES else []
        return Finding(
            step=self.do,
            title=title,
            summary=f"{rows} row{'s' if rows > 1 else ''} {where} ({scanned}).{late}",
            lines=(*lines, *more),
            facts=(self.fact("rows", float(rows)), *self._of_first(answer.rows[0])),
            weight=30,
        )

    def _of_first(self, row: Mapping[str, str]) -> tuple[Fact, ...]:
        return tuple(self.fact(column, _value(text)) for column, text in row.items())


def _safe(row: Mapping[str, str], fields: Sequence[str]) -> dict[str, str]:
    """Without masked fields and secrets; a number is a count that conditions compare, as of ``password_failures``."""
    safe = safe_row(row, fields)
    return {
        name: text if isinstance(_value(text), float) and not is_column_of(name, fields) else safe[name]
        for name, text in row.items()
    }


def _line(row: Mapping[str, str]) -> str:
    """``path /orders · count() 17``; a row of one column needs no name."""
    if len(row) == 1:
        return in_one_line(next(iter(row.values())))
    told = " · ".join(f"{column} {in_one_line(text)}" for column, text in row.items())
    return shown(told)


def _value(text: str) -> float | str:
    """A number where it reads as one; ids with leading zeros and words stay text."""
    text = text.strip()
    if len(text) <= 40 and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return in_one_line(text)


def _size(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
