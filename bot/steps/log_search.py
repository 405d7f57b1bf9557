"""Lines of the service's logs that match a pattern, grouped by what they say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.domain import Finding
from bot.ports import World
from bot.steps.base import NamedStep, Scene, StepName
from bot.steps.logged import Logged, read
from bot.steps.places import applies, fill, log_groups

READ_SECONDS = 6.0


class LogSearchStep(NamedStep):
    """A CloudWatch filter pattern over every log group of the service."""

    do: Literal["log_search"]
    name: StepName = "search"
    pattern: str = Field(min_length=1, max_length=1024, description="CloudWatch filter pattern.")
    minutes: int = Field(default=15, ge=1, le=1440, description="How far back.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when no log group is known."""
        if scene.target is None or not applies(scene, self.pattern):
            return None
        groups = log_groups(scene.target, world)
        if not groups:
            return None
        pattern = fill(self.pattern, scene, world)
        account = scene.target.account
        found = read(scene, world, account, groups, pattern, span=self.minutes * 60, seconds=READ_SECONDS)
        title = self.title or "Log search"
        if found.failed and not found.total:
            return Finding(step=self.do, title=title, summary="; ".join(found.failed), failed=True)
        return self._found(found, title, f"`{pattern}` in the last {self.minutes} min of {', '.join(groups)}", scene.at)

    def _found(self, found: Logged, title: str, where: str, now: float) -> Finding:
        facts = [self.fact("count", float(found.total))]
        if found.new is not None:
            facts.append(self.fact("new", float(len(found.new))))
        if not found.total:
            summary = f"No line matches {where}."
            return Finding(step=self.do, title=title, summary=summary, lines=found.failed, facts=tuple(facts))
        match = f"{found.counted} line matches" if found.total == 1 else f"{found.counted} lines match"
        return Finding(
            step=self.do,
            title=title,
            summary=f"{match} {where}{found.told_new}.",
            lines=found.lines(now),
            facts=tuple(facts),
            weight=45 if found.suspicious(now) else 30,
        )
