"""A playbook: which steps look when an alarm fires. Its findings are ranked by how strongly they point at a cause."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from pydantic import Field

from bot.domain import Finding, Frozen
from bot.errors import BotError
from bot.ports import World
from bot.steps import Step
from bot.steps.base import Scene

log = logging.getLogger("alerts.playbook")

CAUSE_WEIGHT = 50
"""From this weight on a finding is worth naming as the suspected cause."""


class Playbook(Frozen):
    """One file under ``config/playbooks/``."""

    title: str = Field(description="What it is called.")
    steps: tuple[Step, ...] = Field(min_length=1, description="Steps that only read; they run in parallel.")


def gather(playbook: Playbook, scene: Scene, world: World, *, seconds: float) -> tuple[Finding, ...]:
    """Run all steps under one deadline, strongest finding first; a step that could not look says so."""
    reads = {f"{number}": partial(step.run, scene, world) for number, step in enumerate(playbook.steps)}
    found: Mapping[str, Finding | Exception | None] = world.gather(reads, seconds=seconds)
    findings = [_finding(step.do, found[f"{number}"], seconds) for number, step in enumerate(playbook.steps)]
    return tuple(sorted((each for each in findings if each is not None), key=lambda each: (each.failed, -each.weight)))


def _finding(step: str, outcome: Finding | Exception | None, seconds: float) -> Finding | None:
    if not isinstance(outcome, Exception):
        return outcome
    if isinstance(outcome, TimeoutError):
        summary = f"no answer within {seconds:.0f} s"
    elif isinstance(outcome, BotError):
        summary = str(outcome)
    else:
        log.error("a step failed", exc_info=outcome, extra={"step": step})
        summary = "the step itself failed; it is in the bot's log"
    return Finding(step=step, title=step.replace("_", " ").capitalize(), summary=summary, failed=True)


def suspected(findings: tuple[Finding, ...]) -> str:
    """The strongest finding in one line, or nothing when none is strong enough."""
    strongest = next((finding for finding in findings if not finding.failed), None)
    return strongest.summary if strongest and strongest.weight >= CAUSE_WEIGHT else ""
