"""Which alarms of what is to be silent a mute rule in CloudWatch may silence: those that do nothing but notify."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from bot.catalog import alarm_accounts
from bot.cloud import AlarmReading
from bot.domain import Account
from bot.errors import BotError, UpstreamError
from bot.ports import World
from bot.silence_args import Meant

READ_SECONDS = 8.0
MOST_ALARMS = 100
"""Alarms one mute rule may target."""

Readings: TypeAlias = Mapping[Account, tuple[AlarmReading, ...] | Exception]
"""Alarms as CloudWatch shows them, by account; an error where they could not be read."""


@dataclass(frozen=True)
class Mute:
    """What CloudWatch would be told: these alarms of one account; or why it would be told nothing."""

    names: tuple[str, ...] = ()
    account: Account | None = None
    why_not: str = ""


def read_alarms(found: Meant, world: World) -> Readings:
    """The alarms meant, as CloudWatch shows them, by account."""
    names: dict[Account, set[str]] = {}
    for target in found.targets:
        for account in alarm_accounts(target) if found.listed(target) else ():
            names.setdefault(account, set()).update(found.listed(target))
    for account, name in found.unlisted:
        names.setdefault(account, set()).add(name)
    accounts = list(names)
    reads: dict[str, Callable[[], Any]] = {
        f"{number}": partial(world.metrics.alarms, account, sorted(names[account]))
        for number, account in enumerate(accounts)
    }
    answers = world.gather(reads, seconds=READ_SECONDS)
    return {account: answers[f"{number}"] for number, account in enumerate(accounts)}


def mutable(readings: Readings, world: World) -> Mute:
    """The one account whose alarms a mute rule would silence, and which of them; or why none.

    The rules are listed first, which shows whether the region has them and the role may ask.
    """
    only_notify: dict[Account, tuple[str, ...]] = {}
    for account, read in readings.items():
        if isinstance(read, Exception):
            return Mute(why_not=f"its alarms cannot be read: {words_of(read)}")
        names = tuple(sorted(each.name for each in read if not each.acts))
        if names:
            only_notify[account] = names
    if len(only_notify) != 1:
        why = "its alarms lie in several accounts or regions" if only_notify else "none of its alarms only notifies"
        return Mute(why_not=why)
    ((account, names),) = only_notify.items()
    if len(names) > MOST_ALARMS:
        return Mute(why_not=f"a mute rule takes {MOST_ALARMS} alarms and these are {len(names)}")
    try:
        world.mutes.standing(account)
    except UpstreamError as error:
        return Mute(why_not=f"CloudWatch's mute rules cannot be used here: {error.message}")
    return Mute(names, account)


def read_ones(readings: Readings) -> list[AlarmReading]:
    """All that could be read."""
    return [each for reading in readings.values() if not isinstance(reading, Exception) for each in reading]


def words_of(error: Exception) -> str:
    """Why it could not be read."""
    return error.message if isinstance(error, BotError) else "CloudWatch did not answer in time"
