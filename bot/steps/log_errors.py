"""The last errors in the service's logs, grouped by what they say."""

from __future__ import annotations

import logging
from functools import partial
from typing import Literal

from pydantic import Field

from bot.cloud import LogLine
from bot.domain import Fact, Finding, Target
from bot.errors import BotError
from bot.ports import World
from bot.steps.base import ReadingStep, Scene, minutes
from bot.templates import LogGroup, group

log = logging.getLogger("bot.steps.log_errors")

READ_SECONDS = 2.5
"""Less than a playbook waits for its steps, so that one slow log group does not hide the lines of the others."""
MOST_LINES = 1000
FUTURE_SECONDS = 60.0
"""Clocks differ: what a container wrote a moment ago may carry a time that is still to come."""


class LogErrorsStep(ReadingStep):
    """Error lines of every log group of the service."""

    do: Literal["log_errors"]
    minutes: int = Field(default=15, ge=1, le=1440, description="How far back.")
    pattern: str = Field(
        default="?ERROR ?Error ?error ?Exception ?FATAL ?CRITICAL ?OutOfMemory",
        description="CloudWatch filter pattern.",
    )

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when no log group is known."""
        if scene.target is None:
            return None
        groups = log_groups(scene.target, world)
        if not groups:
            return None
        start = scene.at - self.minutes * 60
        reads = {name: partial(self._search, scene.target, world, name, start, scene.at) for name in groups}
        found = world.gather(reads, seconds=READ_SECONDS)
        lines = [line for read in found.values() if not isinstance(read, Exception) for line in read]
        failed = [f"{name}: {_why(error)}" for name, error in found.items() if isinstance(error, Exception)]
        if failed and not lines:
            return Finding(step=self.do, title="Log errors", summary="; ".join(failed), failed=True)
        return self._found(group(lines), len(lines), groups, failed, scene.at)

    def _search(self, target: Target, world: World, name: str, start: float, end: float) -> tuple[LogLine, ...]:
        deadline = world.clock.now() + READ_SECONDS - 0.5
        return world.logs.search(
            target.account,
            name,
            self.pattern,
            start=start,
            end=end + FUTURE_SECONDS,
            limit=MOST_LINES,
            deadline=deadline,
        )

    def _found(
        self, grouped: list[LogGroup], total: int, groups: tuple[str, ...], failed: list[str], now: float
    ) -> Finding:
        where = ", ".join(groups)
        if not grouped:
            summary = f"No error in the last {self.minutes} min of {where}."
            return Finding(step=self.do, title="Log errors", summary=summary, lines=tuple(failed), facts=(_count(0),))
        top = grouped[0]
        lines = [f"{each.count} × {each.template} ({_span(each, now)})" for each in grouped[:4]]
        first = next(iter(top.sample.splitlines()), "")
        sample = (f"sample: {first}",) if first and first != top.template else ()
        return Finding(
            step=self.do,
            title="Log errors",
            summary=f"{total} error line{'s' if total > 1 else ''} in {self.minutes} min, mostly: {top.template}",
            lines=(*lines, *sample, *failed),
            facts=(_count(total),),
            weight=min(80, 30 + total),
        )


def log_groups(target: Target, world: World) -> tuple[str, ...]:
    """The log groups of a service: its containers' own, as its task definition says, and configured ones."""
    found = list(target.service.log_groups)
    if target.service.function:
        found.append(f"/aws/lambda/{target.service.function}")
    if target.service.cluster:
        try:
            service = world.ecs.service(target)
            definition = world.ecs.task_definition(target.account, service.task_definition)
        except BotError:
            if not found:
                raise
        else:
            found += [container.log_group for container in definition.containers if container.log_group]
    return tuple(dict.fromkeys(found))


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if not isinstance(error, BotError):
        log.error("a log group could not be read", exc_info=error)
        return "it could not be read; see the bot's log"
    return str(error)


def _span(found: LogGroup, now: float) -> str:
    last = f"{minutes(now - found.last)} ago"
    return last if found.count == 1 else f"first {minutes(now - found.first)} ago, last {last}"


def _count(number: int) -> Fact:
    return Fact(name="logs.errors", value=float(number))
