"""Everything at once: all looks ask in parallel under one deadline, and each is judged by itself.

People are shown by their names: whoever shares an answer should ping nobody whose incident or deployment is in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from bot.condition import Condition, Verdict
from bot.domain import Target
from bot.health import (
    address,
    alarms,
    certificate,
    database,
    ecs,
    function,
    numbers,
    queue,
    redis,
    shipped,
    site,
    table,
)
from bot.health.base import SECONDS, Found, Look, Moment, Reads, unread
from bot.ports import World
from bot.views import blocks as b

LOOKS: tuple[Look, ...] = (
    *(ecs, function, site, address, alarms, database, redis, queue, table, certificate),
    # The ledger is the bot's own and quick: threads are few, and what AWS is asked for comes first.
    *(numbers, shipped),
)
"""In the order in which they are told: of two that are equally bad the first comes first."""
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")


def taken(targets: Sequence[Target], world: World) -> list[Condition]:
    """How these services do now, in their order; back within ``SECONDS``, whatever does not answer."""
    moment = Moment(world, world.clock.now())
    reads = Reads()
    for look in LOOKS:
        reads |= look.reads(targets, moment)
    found: dict[str, Any] = world.gather(reads, seconds=SECONDS)
    said = [[each for look in LOOKS for each in _judged(look, target, found, moment.now)] for target in targets]
    names = _names([verdict for verdicts in said for verdict in verdicts], moment)
    return [
        Condition(target, tuple(_named(verdict, names) for verdict in verdicts))
        for target, verdicts in zip(targets, said, strict=True)
    ]


def _judged(look: Look, target: Target, found: Found, now: float) -> list[Verdict]:
    """An answer of a shape that nobody expected hides no other look."""
    try:
        return look.verdicts(target, found, now)
    except Exception as error:
        return [unread(look.__name__.rpartition(".")[2], error)]


def _names(verdicts: Sequence[Verdict], moment: Moment) -> dict[str, str]:
    """The names of all whom the verdicts mention, in mrkdwn; the id of whom Slack does not tell of in time."""
    users = sorted({user for verdict in verdicts for user in _MENTION.findall(verdict.text)})
    people = moment.world.gather({user: partial(moment.world.chat.person, user) for user in users}, seconds=moment.left)
    return {
        user: b.code(user) if isinstance(found, Exception) else b.esc(found.name, 80) for user, found in people.items()
    }


def _named(verdict: Verdict, names: Mapping[str, str]) -> Verdict:
    return Verdict(verdict.light, _MENTION.sub(lambda mention: names[mention[1]], verdict.text))
