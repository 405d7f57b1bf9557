"""Everything at once: all looks ask in parallel under one deadline, and each is judged by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.condition import Condition, Verdict
from bot.domain import Target
from bot.health import address, alarms, certificate, database, ecs, function, numbers, queue, redis, shipped, site
from bot.health.base import SECONDS, Found, Look, Moment, Reads, unread
from bot.ports import World

LOOKS: tuple[Look, ...] = (
    *(ecs, function, site, address, alarms, database, redis, queue, certificate),
    *(shipped, numbers),
)
"""In the order in which they are told: of two that are equally bad the first comes first."""


def taken(targets: Sequence[Target], world: World) -> list[Condition]:
    """How these services do now, in their order; back within ``SECONDS``, whatever does not answer."""
    moment = Moment(world, world.clock.now())
    reads = Reads()
    for look in LOOKS:
        reads |= look.reads(targets, moment)
    found: dict[str, Any] = world.gather(reads, seconds=SECONDS)
    return [
        Condition(target, tuple(verdict for look in LOOKS for verdict in _judged(look, target, found, moment.now)))
        for target in targets
    ]


def _judged(look: Look, target: Target, found: Found, now: float) -> list[Verdict]:
    """An answer of a shape that nobody expected hides no other look."""
    try:
        return look.verdicts(target, found, now)
    except Exception as error:
        return [unread(look.__name__.rpartition(".")[2], error)]
