"""The last errors in the service's logs, grouped by what they say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.domain import Fact, Finding
from bot.ports import World
from bot.steps.base import ReadingStep, Scene
from bot.steps.logged import Logged, read
from bot.steps.places import log_groups

ERRORS = "?ERROR ?Error ?error ?Exception ?FATAL ?CRITICAL ?OutOfMemory"
"""What an error line looks like, as a filter pattern of CloudWatch Logs."""
READ_SECONDS = 2.5
"""Less than a playbook waits for its steps, so that one slow log group does not hide the lines of the others."""
NEW_WEIGHT = 66
"""A little more than that there was a deployment at all."""


class LogErrorsStep(ReadingStep):
    """Error lines of every log group of the service."""

    do: Literal["log_errors"]
    minutes: int = Field(default=15, ge=1, le=1440, description="How far back.")
    pattern: str = Field(default=ERRORS, description="CloudWatch filter pattern.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when no log group is known."""
        if scene.target is None:
            return None
        groups = log_groups(scene.target, world)
        if not groups:
            return None
        account = scene.target.account
        found = read(scene, world, account, groups, self.pattern, span=self.minutes * 60, seconds=READ_SECONDS)
        if found.failed and not found.total:
            return Finding(step=self.do, title="Log errors", summary="; ".join(found.failed), failed=True)
        return self._found(found, groups, scene.at)

    def _found(self, found: Logged, groups: tuple[str, ...], now: float) -> Finding:
        facts = [Fact(name="logs.errors", value=float(found.total))]
        if found.new is not None:
            facts.append(Fact(name="logs.new", value=float(len(found.new))))
        if not found.total:
            summary = f"No error in the last {self.minutes} min of {', '.join(groups)}."
            return Finding(step=self.do, title="Log errors", summary=summary, lines=found.failed, facts=tuple(facts))
        lines = f"{found.counted} error line{'s' if found.total > 1 else ''}"
        weight = min(80, 30 + found.total)
        return Finding(
            step=self.do,
            title="Log errors",
            summary=f"{lines} in {self.minutes} min, mostly: {found.grouped[0].template}{found.told_new}",
            lines=found.lines(now),
            facts=tuple(facts),
            weight=max(weight, NEW_WEIGHT) if found.suspicious(now) else weight,
        )
