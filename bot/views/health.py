"""How systems do, as a message: the worst and why, what else is not well, and a line for each service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.condition import Condition, Light, Verdict
from bot.views import blocks as b

LIGHTS = {
    Light.GREEN: ":large_green_circle:",
    Light.AMBER: ":large_yellow_circle:",
    Light.RED: ":red_circle:",
}
MOST_LINES = 30
"""Findings shown of one environment, the worst first."""
MOST_NAMES = 5
"""Services named of those that the same is said of."""


@dataclass(frozen=True)
class Place:
    """An environment of a system, as people read it, with its services."""

    title: str
    environment: str
    conditions: tuple[Condition, ...]

    @property
    def light(self) -> Light:
        """That of the worst service."""
        return max((each.light for each in self.conditions), default=Light.GREEN)

    @property
    def name(self) -> str:
        """In mrkdwn."""
        return f"*{b.esc(self.title)}* · {b.esc(self.environment)}"


@dataclass(frozen=True)
class _Finding:
    """One verdict that is not green, with all services it is about."""

    services: tuple[str, ...]
    verdict: Verdict

    @property
    def said(self) -> str:
        names = ", ".join(f"*{b.esc(name)}*" for name in self.services[:MOST_NAMES])
        more = f" and {len(self.services) - MOST_NAMES} more" if len(self.services) > MOST_NAMES else ""
        return f"{names}{more}: {self.verdict.text}"


def whole(places: Sequence[Place], now: float) -> tuple[str, list[b.Block]]:
    """Each environment in full: the text of the notification, and the blocks."""
    shown: list[b.Block] = []
    for place in sorted(places, key=lambda each: -each.light):
        shown.append(b.section(_headline(place)))
        rest = _findings(place.conditions)[1:]
        shown += b.sections(f"{LIGHTS[each.verdict.light]} {each.said}" for each in rest[:MOST_LINES])
        shown += [b.section(f"… and {len(rest) - MOST_LINES} more")] if len(rest) > MOST_LINES else []
        shown += b.sections(_green(each) for each in place.conditions)
    return _text(places), [*shown, _small_print(now)]


def overview(places: Sequence[Place], now: float) -> tuple[str, list[b.Block]]:
    """A line for each environment, the worst first: the text of the notification, and the blocks."""
    lines = [_headline(place) for place in sorted(places, key=lambda each: -each.light)]
    text = _text(places)
    return text, [b.section(f"*{text}*"), *b.sections(lines), _small_print(now)]


def _headline(place: Place) -> str:
    """The worst and why."""
    found, count = _findings(place.conditions), len(place.conditions)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    said = f"{found[0].said}{more}" if found else f"all well, {count} service{'' if count == 1 else 's'}"
    return f"{LIGHTS[place.light]} {place.name}: {said}"


def _findings(conditions: Sequence[Condition]) -> list[_Finding]:
    """What is not green, the worst first; what is said of several services is said once."""
    by_verdict: dict[Verdict, list[str]] = {}
    for condition in conditions:
        for verdict in condition.verdicts:
            if verdict.light is not Light.GREEN:
                names = by_verdict.setdefault(verdict, [])
                names += [] if condition.target.name in names else [condition.target.name]
    found = [_Finding(tuple(names), verdict) for verdict, names in by_verdict.items()]
    return sorted(found, key=lambda each: -each.verdict.light)


def _green(condition: Condition) -> str:
    """One line: what is as it should be."""
    said = [verdict.text for verdict in condition.verdicts if verdict.light is Light.GREEN]
    return f"{LIGHTS[condition.light]} *{b.esc(condition.target.name)}* · {' · '.join(said) or 'nothing to look at'}"


_WORDS: Mapping[Light, str] = {Light.RED: "red", Light.AMBER: "amber", Light.GREEN: "green"}


def _text(places: Sequence[Place]) -> str:
    """``1 of 3 services red, 1 amber``: what a notification shows."""
    lights = [condition.light for place in places for condition in place.conditions]
    many = f"{len(lights)} service{'' if len(lights) == 1 else 's'}"
    counts = [f"{lights.count(light)} {_WORDS[light]}" for light in sorted(Light, reverse=True) if light in lights]
    return f"{many}: {', '.join(counts)}"


def _small_print(now: float) -> b.Block:
    return b.context(f"as of {b.when(now)} · amber is also what could not be looked at")
