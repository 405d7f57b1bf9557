"""What every reading step has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from bot.domain import Account, Alarm, Fact, Frozen, Target
from bot.redact import clean

StepName: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Prefix of its facts; tells several of a kind apart.")
]
"""A word in small letters."""

LONGEST = 3000
"""Characters of one piece of text from a log, a trace or a query that enter a finding."""


@dataclass(frozen=True)
class Scene:
    """What a step looks at: the alarm, the service it belongs to (None when unknown), and the moment."""

    alarm: Alarm
    target: Target | None
    at: float


class ReadingStep(Frozen):
    """A step that only reads: ``run(scene, world)`` is called in parallel with others.

    It answers None when it does not apply, and may raise: not being able to look is evidence too.
    """


class NamedStep(ReadingStep):
    """A step that can stand several times in a playbook: ``name`` begins its facts, ``title`` its finding."""

    name: StepName
    title: str = Field(default="", max_length=80, description="Heading of its finding; one of its kind by default.")

    def fact(self, what: str, value: float | str) -> Fact:
        """A fact of this step: ``depth`` of the step ``jobs`` is ``jobs.depth``."""
        return Fact(name=f"{self.name}.{what}", value=value)


def account_of(scene: Scene) -> Account:
    """Where to look: the service's account, or the region of an alarm that belongs to none."""
    return scene.target.account if scene.target else Account(region=scene.alarm.region)


def ecs_target(scene: Scene) -> Target | None:
    """The target when it is an ECS service."""
    target = scene.target
    return target if target is not None and target.service.cluster else None


def minutes(seconds: float) -> str:
    """``40 s`` or ``12 min``; what another clock puts into the future was just now."""
    seconds = max(0.0, seconds)
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def yes(truth: bool) -> str:
    """A truth as facts tell it: ``yes`` or ``no``."""
    return "yes" if truth else "no"


def shown(text: str, longest: int = LONGEST) -> str:
    """Text that programs wrote, fit for a finding: without secrets and control sequences, and not too long.

    Much more than is shown is looked at, so that no secret is cut in half and so missed.
    """
    text = clean(text[: 4 * longest + 4096]).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def in_one_line(text: str, longest: int = 300) -> str:
    """The same in one line."""
    return shown(" ".join(clean(text[: 4 * longest + 4096]).split()), longest)


def figure(value: float) -> str:
    """A number as people read it: ``0.1235``, ``91``, ``12,345``."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
