"""Makes the file of a report when its turn comes, so that what was on its way when the incident ended is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.record import Record, read
from alerts.report import Around, report
from bot.errors import BotError
from bot.files import Maker
from bot.incident import headline_key
from bot.ports import World
from bot.posts import address, posted
from bot.rows import Store
from bot.settings.models import BotConfig


def maker(store: Store, settings: BotConfig) -> Maker:
    """The maker of reports; its parameters name the incident. Nothing is owed of one that is forgotten."""

    def make(world: World, parameters: Mapping[str, Any]) -> bytes | None:
        now = world.clock.now()
        record = read(store, world.recent, str(parameters["incident"]), settings.timings.soak, now)
        return report(record, _around(store, world, settings, record, now)).encode() if record else None

    return make


def _around(store: Store, world: World, settings: BotConfig, record: Record, now: float) -> Around:
    incident = record.incident
    target = world.catalog.target(incident.target) if incident.target else None
    system = world.catalog.system(target.system) if target else None
    keys = {*incident.targets, *(member.target for member in incident.members)}
    found = {key: world.catalog.target(key) for key in keys if key}
    return Around(
        at=now,
        names={user: _name(world, user) for user in record.users},
        labels={key: each.label for key, each in found.items() if each is not None},
        severity=settings.response(incident.severity, system).label,
        link=address(world.chat, posted(store, headline_key(record.id))),
    )


def _name(world: World, user: str) -> str:
    """What somebody is called; their id when Slack does not say: a report is worth more than a name."""
    try:
        return world.chat.person(user).name
    except BotError:
        return user
