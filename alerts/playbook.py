"""A playbook: which steps look when an alarm fires, and what is offered for what they find."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import partial

from pydantic import Field

from alerts.conditions import Conditions
from bot.domain import Finding, Frozen, ServiceKind
from bot.errors import BotError
from bot.masks import masked, masker
from bot.ports import World
from bot.redact import clean
from bot.steps import Step
from bot.steps.base import Scene

log = logging.getLogger("alerts.playbook")

CAUSE_WEIGHT = 50
"""From this weight on a finding is worth naming as the suspected cause."""
MOST_LINES, MOST_FACTS = 40, 60
LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_LINE, LONGEST_FACT = 150, 1000, 500, 200
"""What is kept of one finding: it is stored with the incident, and the world may answer with megabytes."""


class Remedy(Frozen):
    """Something to do about it: a command with a button, or advice. It is offered when facts speak for it."""

    run: str = Field(default="", description="Command line, with {system}, {service}, {environment} and facts.")
    advise: str = Field(default="", description="In place of run: what a person has to do by other means.")
    label: str = Field(default="", description="What the button says; the command's name when left out.")
    when: Conditions = Field(default=(), description="A condition or a list; all must hold.")
    because: str = Field(default="", description="Why, in a sentence; facts in braces, as {changes.age}.")


class Playbook(Frozen):
    """One file under ``config/playbooks/``."""

    title: str = Field(description="What it is called.")
    alarms: tuple[str, ...] = Field(default=(), description="Patterns of alarm names, as *-5xx; case does not count.")
    metrics: tuple[str, ...] = Field(default=(), description="Patterns of metric names, as Throttles or AWS/SQS/*.")
    kinds: tuple[ServiceKind, ...] = Field(default=(), description="Only for services of these kinds.")
    systems: tuple[str, ...] = Field(default=(), description="Only for these systems; it wins over shared ones.")
    extends: str = Field(default="", description="Playbook whose steps and remedies are taken first.")
    runbook: str = Field(default="", description="Address of the page that people read; http or https.")
    steps: tuple[Step, ...] = Field(default=(), description="Steps that only read; they run in parallel.")
    remedies: tuple[Remedy, ...] = Field(default=(), description="What is offered, and when.")


def gather(playbook: Playbook, scene: Scene, world: World, *, seconds: float) -> tuple[Finding, ...]:
    """Run all steps under one deadline, strongest finding first; a step that could not look says so."""
    reads = {f"{number}": partial(step.run, scene, world) for number, step in enumerate(playbook.steps)}
    found: Mapping[str, Finding | Exception | None] = world.gather(reads, seconds=seconds)
    findings = [_finding(step, found[f"{number}"], seconds) for number, step in enumerate(playbook.steps)]
    hidden = masker(world.catalog.masked_fields(scene.target))
    told = (_bounded(each, hidden) for each in findings if each is not None)
    return tuple(sorted(told, key=lambda each: (each.failed, -each.weight)))


def step_key(step: Step) -> str:
    """What tells the steps of a playbook apart: the name, or for a kind that stands only once its ``do``."""
    return str(getattr(step, "name", "")) or step.do


def step_title(step: Step) -> str:
    """What people read for a step: the heading of its finding where the playbook gives one."""
    return str(getattr(step, "title", "")) or step_key(step).replace("_", " ").capitalize()


def _finding(step: Step, outcome: Finding | Exception | None, seconds: float) -> Finding | None:
    if outcome is None:
        return None
    if isinstance(outcome, Finding):
        return outcome
    if isinstance(outcome, TimeoutError):
        summary = f"no answer within {seconds:.0f} s"
    elif isinstance(outcome, BotError):
        summary = str(outcome)
    else:
        log.error("a step failed", exc_info=outcome, extra={"step": step_key(step)})
        summary = "the step itself failed; it is in the bot's log"
    return Finding(step=step.do, title=step_title(step), summary=summary, failed=True)


def _bounded(finding: Finding, hidden: re.Pattern[str] | None) -> Finding:
    """What is kept of a finding: cut, without secrets and without the values of fields that are masked."""
    lines = tuple(_cut(line, LONGEST_LINE, hidden) for line in finding.lines[:MOST_LINES])
    facts = tuple(
        fact.model_copy(update={"value": _cut(fact.value, LONGEST_FACT, hidden)})
        if isinstance(fact.value, str)
        else fact
        for fact in finding.facts[:MOST_FACTS]
    )
    title, summary = _cut(finding.title, LONGEST_TITLE, hidden), _cut(finding.summary, LONGEST_SUMMARY, hidden)
    return finding.model_copy(update={"title": title, "summary": summary, "lines": lines, "facts": facts})


def _cut(text: str, limit: int, hidden: re.Pattern[str] | None) -> str:
    """More than is kept is looked at, so that no secret is cut in half and missed."""
    text = clean(masked(text[: 4 * limit + 4096], hidden))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def suspected(findings: tuple[Finding, ...]) -> str:
    """The strongest finding in one line, or nothing when none is strong enough."""
    strongest = next((finding for finding in findings if not finding.failed), None)
    return strongest.summary if strongest and strongest.weight >= CAUSE_WEIGHT else ""
