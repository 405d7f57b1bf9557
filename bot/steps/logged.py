"""What a service logged, grouped by what it says, with what nobody had said before the last deployment."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.cloud import LogLine
from bot.domain import Account
from bot.errors import BotError
from bot.masks import masked, masker
from bot.ports import World
from bot.steps.base import Scene, in_one_line, minutes
from bot.steps.places import deployed_at
from bot.telemetry import LogSearch
from bot.templates import OTHER, LogGroup, group

log = logging.getLogger("bot.steps.logged")

MOST_LINES = 1000
FUTURE_SECONDS = 60.0
"""Clocks differ: what a container wrote a moment ago may carry a time that is still to come."""
BEFORE_SECONDS = 3600.0
"""How much of the time before a deployment tells what was said then already."""
RECENT_SECONDS = 3600.0
"""A deployment this young is suspected of what is new since."""
_MARGIN = 0.5


@dataclass(frozen=True)
class Logged:
    """Groups of lines, most first, ``total`` lines in all; ``failed`` says which log groups could not be read, and why.

    ``new`` are the kinds first seen since the deployment at ``deployed`` (0 when there was none lately), None when
    that could not be told. ``is_whole`` is False when there were more lines than were read.
    """

    grouped: tuple[LogGroup, ...]
    total: int
    failed: tuple[str, ...]
    is_whole: bool
    new: frozenset[str] | None = frozenset()
    deployed: float = 0.0

    @property
    def counted(self) -> str:
        """How many lines, in words."""
        more = "" if self.is_whole else "at least "
        return f"{more}{self.total:,}"

    @property
    def told_new(self) -> str:
        """How many kinds are new, to end a sentence with; empty for none."""
        return f"; {len(self.new)} of {len(self.grouped)} kinds new since the last deployment" if self.new else ""

    def suspicious(self, now: float) -> bool:
        """True when something is new and the deployment young enough to be the cause."""
        return bool(self.new) and now - self.deployed < RECENT_SECONDS

    def lines(self, now: float, most: int = 4) -> tuple[str, ...]:
        """One line per kind, new ones in any case; then a sample of the first, and what could not be read."""
        first = self.grouped[:most]
        new = [each for each in self.grouped[most:] if each.kind in (self.new or ())]
        told = [f"{each.count:,} × {each.template} ({self._span(each, now)})" for each in (*first, *new[:3])]
        sample = next(iter(self.grouped[0].sample.splitlines()), "") if self.grouped else ""
        if sample and sample != self.grouped[0].template:
            told.append(f"sample: {in_one_line(sample, 1500)}")
        if self.new is None:
            told.append("What is new since the last deployment could not be told.")
        return (*told, *self.failed)

    def _span(self, found: LogGroup, now: float) -> str:
        last = f"{minutes(now - found.last)} ago"
        new = "new since the last deployment; " if found.kind in (self.new or ()) else ""
        return f"{new}{last}" if found.count == 1 else f"{new}first {minutes(now - found.first)} ago, last {last}"


def read(
    scene: Scene, world: World, account: Account, groups: Sequence[str], pattern: str, *, span: float, seconds: float
) -> Logged:
    """Search log groups in parallel, the last ``span`` seconds and the time before the last deployment.

    What is not read after ``seconds`` is told as such. Raises nothing for a group that cannot be read.
    """
    deployed = deployed_at(scene.target, world, scene.at) if scene.target else None
    deadline = world.clock.now() + seconds - _MARGIN

    def search(name: str, start: float, end: float) -> LogSearch:
        return world.logs.scan(account, name, pattern, start=start, end=end, limit=MOST_LINES, deadline=deadline)

    reads = {name: partial(search, name, scene.at - span, scene.at + FUTURE_SECONDS) for name in groups}
    if deployed is not None:
        earlier = {f"{name} before": partial(search, name, deployed - BEFORE_SECONDS, deployed) for name in groups}
        reads |= earlier
    answers = world.gather(reads, seconds=seconds)
    found = {name: answers[name] for name in groups}
    hidden = masker(world.catalog.masked_fields(scene.target))
    lines = [line for answer in found.values() if not isinstance(answer, Exception) for line in _lines(answer, hidden)]
    grouped = group(lines)
    failed = [f"{name}: {_why(answer)}" for name, answer in found.items() if isinstance(answer, Exception)]
    whole = all(isinstance(answer, Exception) or answer.is_whole for answer in found.values())
    logged = Logged(tuple(grouped), len(lines), tuple(failed), whole)
    if deployed is None:
        return logged
    before = [answers[f"{name} before"] for name in groups if not isinstance(found[name], Exception)]
    new = _new(grouped, lines, before, deployed, hidden)
    return Logged(logged.grouped, logged.total, logged.failed, whole, new, deployed)


def _lines(answer: LogSearch, hidden: re.Pattern[str] | None) -> list[LogLine]:
    """Its lines without masked fields: a value stands in more places of a line than beside its name."""
    return [replace(line, message=masked(line.message, hidden)) for line in answer.lines]


def _new(
    grouped: Iterable[LogGroup],
    lines: Iterable[LogLine],
    before: Sequence[LogSearch | Exception],
    deployed: float,
    hidden: re.Pattern[str] | None,
) -> frozenset[str] | None:
    earlier = [line for line in lines if line.at < deployed]
    for answer in before:
        if isinstance(answer, Exception):
            return None
        earlier += _lines(answer, hidden)
    known = {each.kind for each in group(earlier)} | {OTHER}
    return frozenset(each.kind for each in grouped if each.kind not in known)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if not isinstance(error, BotError):
        log.error("a log group could not be read", exc_info=error)
        return "it could not be read; see the bot's log"
    return str(error)
