"""The last deployment: which version, when and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.cloud import EcsService, TaskDefinition
from bot.condition import Verdict
from bot.domain import Target
from bot.health import ecs, function
from bot.health.base import Found, Moment, Reads, green, unread
from bot.ports import Past
from bot.shipping import functions_past, running
from bot.shipping_cloud import Function
from bot.views import blocks as b

LEDGER_SECONDS = 90 * 86_400.0
_LOOKED_AT = 5
"""Operations of which the last that shipped a version is looked for: restarts and scalings ship none."""


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """The bot's own ledger; what ECS knows is read by another look."""
    operations, since = moment.world.recent.operations, moment.now - LEDGER_SECONDS
    return {_name(each): partial(operations, each.key, since=since, limit=_LOOKED_AT) for each in targets}


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """ECS and Lambda know of deployments past the bot; of sites only the bot's own are known."""
    past: tuple[Past, ...] | Exception = found[_name(target)]
    if isinstance(past, Exception):
        return [unread("last deployment", past)]
    read = ecs.reading(target, found)
    if isinstance(read.service, EcsService):
        return _of_ecs(target, read, past, now)
    version = function.reading(target, found)
    if isinstance(version, Function):
        return [_of_function(version, past, now)]
    last = next((each for each in past if each.version), None)
    if last is None:
        return []
    return [green(f"{b.code(last.version)} shipped {b.ago(now - last.started_at)} ago by {b.user(last.actor)}")]


def _of_ecs(target: Target, read: ecs.EcsReading, past: tuple[Past, ...], now: float) -> list[Verdict]:
    if isinstance(read.definition, Exception):
        return [unread("its version", read.definition)]
    primary = read.service.primary if isinstance(read.service, EcsService) else None
    if primary is None or not isinstance(read.definition, TaskDefinition):
        return []
    at, last = primary.created_at, next(iter(past), None)
    said = running.since(now - at, at, read.definition, last, rolling=not read.rests)
    return [green(f"{b.code(read.version(target))} {said}")]


def _of_function(version: Function, past: tuple[Past, ...], now: float) -> Verdict:
    giver = functions_past.giver(version, past)
    who = b.user(giver.actor) if giver else running.SOMEBODY
    age = b.ago(now - version.modified_at)
    return green(f"{b.code(functions_past.called(version, past))} published {age} ago by {who}")


def _name(target: Target) -> str:
    return f"shipped {target.key}"
