"""A range of time with what only the service or the incident knows: since its last deployment, around its alarm."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import Person, Target
from bot.errors import NotFoundError
from bot.ports import World
from bot.steps.places import deployed_at
from bot.window import LONGEST, Window

AFTER = 3600.0
"""Seconds after an incident began that are still about it; until now while fewer have passed."""


def placed(window: Window, target: Target, world: World, person: Person, *, before: float) -> Window:
    """The window, filled in.

    What is asked in the thread of an incident without a time begins so many seconds ``before`` the incident did. Raises
    NotFoundError for *since deploy* when nobody knows of a deployment.
    """
    now = world.clock.now()
    if window.since_deploy:
        start = deployed_at(target, world, now, within=LONGEST)
        if start is None:
            raise NotFoundError(f"Nobody knows when {target.label} was deployed.", hint="Say a time: last 2h.")
        return replace(window, start=start)
    if not window.said and person.about:
        about = person.about
        return replace(window, start=about - before, end=min(now, about + AFTER), open_end=False)
    return window
