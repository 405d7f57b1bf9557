"""The picture that a call to PagerDuty carries, where a bucket for pictures is configured."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

from alerts.graph import graph_of
from bot.domain import Alarm, Target
from bot.errors import BotError
from bot.paging import Link, Pictures
from bot.ports import World

log = logging.getLogger("alerts.illustrations")

Illustrate: TypeAlias = Callable[[str, Alarm, Target | None], Link | None]
"""The picture of an incident (by its id) of an alarm, at an address; None where there is none."""


def without_pictures(incident: str, alarm: Alarm, target: Target | None) -> Link | None:
    """No bucket, no picture."""
    return None


def illustrations(world: World, pictures: Pictures) -> Illustrate:
    """Draws the alarm's graph and puts it where PagerDuty can fetch it; what cannot be drawn holds up no call."""

    def illustrate(incident: str, alarm: Alarm, target: Target | None) -> Link | None:
        try:
            drawn = graph_of(alarm, target, alarm.at, world.clock.now(), world)
            address = pictures.publish(f"{incident}:{alarm.at}", drawn) if drawn else ""
        except (BotError, ValueError) as error:
            log.warning("a call goes without its picture", extra={"row": incident, "error": str(error)})
            return None
        return Link(address, f"Graph of {alarm.name}") if address else None

    return illustrate
