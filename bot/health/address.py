"""The health address, against its contract."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.cloud import HealthAnswer
from bot.condition import Verdict
from bot.domain import Health, Target
from bot.health import ecs
from bot.health.base import SECONDS, Found, Moment, Reads, green, red, unread
from bot.shipping.health import expected
from bot.views import blocks as b

_DEPLOYED = "deployed"


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """Each address once. The deadline of all looks comes before that of the call itself."""
    get = moment.world.web.get
    asked = [(_name(each), each.service.health) for each in targets]
    return {name: partial(get, health, seconds=SECONDS + 0.5) for name, health in asked if health is not None}


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Nothing where a service has none."""
    health = target.service.health
    if health is None:
        return []
    answer: HealthAnswer | Exception = found[_name(target)]
    if isinstance(answer, Exception):
        return [unread("health address", answer)]
    said = "" if answer.ok else answer.detail
    reading = ecs.reading(target, found)
    if answer.ok and health.expect.get("version") == _DEPLOYED and reading.rests:
        said = _other_version(answer.version, expected(reading.version(target)))
    if said:
        return [red(f"health address: {b.esc(said, 300)}")]
    return [green(f"health {answer.code} in {answer.seconds * 1000:.0f} ms{_contract(health, answer)}")]


def _other_version(answered: str, wanted: str) -> str:
    """During a rollout both versions answer, so that this is asked of a service at rest only."""
    if not wanted or answered.removeprefix("v") == wanted.removeprefix("v"):
        return ""
    return f"it says version {answered or 'nothing'}, and {wanted} was deployed"


def _contract(health: Health, answer: HealthAnswer) -> str:
    kept = [f"{name} {value}" for name, value in health.expect.items() if name != "version"]
    kept += [f"version {answer.version}"] if answer.version else []
    return f" ({b.esc(', '.join(kept), 200)})" if kept else ""


def _name(target: Target) -> str:
    return f"address {target.key}"
