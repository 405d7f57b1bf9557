"""Redis: whether it answers, and how full it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.condition import Verdict
from bot.domain import Target
from bot.errors import UpstreamError
from bot.health.base import SECONDS, Found, Moment, Reads, amber, green, name_of, red, unread, why
from bot.reach_ports import CacheState
from bot.steps.redis import CROWDED_PERCENT, FULL_PERCENT, REFUSALS, size


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """PING and INFO of each, once."""
    caches = {_name(each): (each, each.service.needs.redis) for each in targets}
    state = moment.world.caches.state
    return {
        name: partial(state, target.account, redis.address, redis.secret, tls=redis.tls, seconds=SECONDS)
        for name, (target, redis) in caches.items()
        if redis is not None
    }


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Nothing of services without a Redis."""
    if target.service.needs.redis is None:
        return []
    read: CacheState | Exception = found[_name(target)]
    if isinstance(read, UpstreamError) and read.code in REFUSALS:
        return [red(why(read))]
    if isinstance(read, Exception):
        return [unread("Redis", read)]
    return [_judged(read)]


def _judged(state: CacheState) -> Verdict:
    used = 100.0 * state.used / state.limit if state.limit else 0.0
    memory = f"{size(state.used)} of {size(state.limit)} ({used:.0f} %)" if state.limit else size(state.used)
    text = f"Redis ping {state.ping:.1f} ms, {memory}"
    if used >= FULL_PERCENT and state.policy == "noeviction":
        return red(f"{text}: it is full and refuses writes")
    if state.max_clients and state.clients >= state.max_clients * CROWDED_PERCENT / 100:
        return amber(f"{text}: {state.clients} of {state.max_clients} clients")
    return amber(f"{text}: almost full") if used >= FULL_PERCENT else green(text)


def _name(target: Target) -> str:
    redis = target.service.needs.redis
    return f"redis {name_of(target.account)} {redis.address} {redis.secret}" if redis else ""
