"""Which incident an alarm belongs to: pure, deterministic, and explained in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import Alarm, Target
from bot.settings.models import Correlation

_WORD_ENDS = re.compile(r"[\W_]+")
MOST_ALARMS = 200
"""Alarms and children of composite alarms that one incident takes in."""


@dataclass(frozen=True)
class Open:
    """What correlation knows of a live incident. ``last_at`` is when an alarm came into it last.

    ``place`` is ``system/environment``, or what stands for it where an alarm belongs to no service; ``arns`` are its
    alarms and the children of its composite alarms; ``deployment`` is the operation it followed, if any.
    """

    id: str
    place: str
    targets: tuple[str, ...]
    arns: frozenset[str]
    composites: frozenset[str]
    deployment: str
    opened_at: float
    last_at: float


@dataclass(frozen=True)
class Arrival:
    """An alarm that went to ALARM, with what it belongs to; ``deployment`` is the operation that came before it."""

    alarm: Alarm
    target: Target | None
    deployment: str = ""

    @property
    def place(self) -> str:
        """Where it is: ``system/environment``.

        Of an alarm that nobody configured it is the AWS account, the region, and how its name begins: of alarms in one
        account only those that are called alike are likely to be of one system.
        """
        if self.target is not None:
            return f"{self.target.system}/{self.target.environment}"
        return f"?/{self.alarm.account}/{self.alarm.region}/{self.beginning.lower()}"

    @property
    def beginning(self) -> str:
        """The first word of the alarm's name."""
        return next((word for word in _WORD_ENDS.split(self.alarm.name) if word), "")


@dataclass(frozen=True)
class Choice:
    """The incident an alarm joins, and why in words."""

    incident: str
    why: str


def choose(rules: Correlation, arrival: Arrival, live: Iterable[Open]) -> Choice | None:
    """The incident to join, or None to open one. Of several that fit, the one an alarm came into last.

    The series of one alarm are matters of their own, so two of them are never one incident. One that has as many
    alarms as it can show takes no more: none may be in an incident that does not know it.
    """
    own = arrival.alarm.arn if arrival.alarm.contributor else ""
    fits = (each for each in live if own not in each.arns and len(each.arns) < MOST_ALARMS)
    newest = sorted(fits, key=lambda each: (-each.last_at, each.id))
    for rule in (_composite, _deployment, _service, _system):
        for each in newest:
            why = rule(rules, arrival, each)
            if why:
                return Choice(each.id, why)
    return None


def _composite(rules: Correlation, arrival: Arrival, each: Open) -> str:
    if not rules.composite:
        return ""
    if arrival.alarm.arn in each.composites:
        return "it is a child of a composite alarm in this incident"
    if each.arns & frozenset(arrival.alarm.children):
        return "it is a composite alarm whose children are in this incident"
    return ""


def _deployment(rules: Correlation, arrival: Arrival, each: Open) -> str:
    same = bool(arrival.deployment) and arrival.deployment == each.deployment and arrival.place == each.place
    return "both follow the same deployment" if rules.after_deployment is not None and same else ""


def _service(rules: Correlation, arrival: Arrival, each: Open) -> str:
    window = rules.same_service
    if window is None or arrival.target is None or arrival.target.key not in each.targets:
        return ""
    return _within(arrival, each, window, f"same service ({arrival.target.label})")


def _system(rules: Correlation, arrival: Arrival, each: Open) -> str:
    window = rules.same_system
    if window is None or arrival.place != each.place:
        return ""
    target = arrival.target
    what = f"same system ({target.system} {target.environment})" if target else ""
    what = what or f"same AWS account and region, and the name begins with {arrival.beginning} as well"
    return _within(arrival, each, window, what)


def _within(arrival: Arrival, each: Open, window: float, what: str) -> str:
    apart = abs(arrival.alarm.at - each.last_at)
    if apart > window:
        return ""
    ago = f"{apart:.0f} s" if apart < 90 else f"{apart / 60:.0f} min"
    return f"{what}, {ago} apart"
