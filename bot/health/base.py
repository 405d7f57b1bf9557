"""What every look has in common: the moment it is made at, and what is said of an answer that did not come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from bot.condition import Light, Verdict
from bot.domain import Account, Target
from bot.errors import BotError
from bot.ports import World
from bot.views import blocks as b

SECONDS = 2.5
"""When every look must be back; Slack, the store and the network have the rest of three seconds."""
_INNER_SECONDS = 0.15
"""How much sooner a read ends that others of the same look wait for, so that what it did find is not lost."""

Reads: TypeAlias = dict[str, Callable[[], Any]]
Found: TypeAlias = Mapping[str, Any]
"""Answers by the names of their reads; an error stands where one did not come."""

log = logging.getLogger("bot.health")


@dataclass(frozen=True)
class Moment:
    """When everything is looked at, and by when it must be back (seconds since the epoch)."""

    world: World
    now: float

    @property
    def left(self) -> float:
        """Seconds that a read within a read has."""
        return max(0.05, self.now + SECONDS - _INNER_SECONDS - self.world.clock.now())


class Look(Protocol):
    """One kind of look; every module of this package but ``base``, ``logged`` and ``picture`` is one."""

    __name__: str

    def reads(self, targets: Sequence[Target], moment: Moment) -> Reads:
        """What is to be asked about these services, by names that no other look uses."""
        ...

    def verdicts(self, target: Target, found: Found, now: float) -> list[Verdict]:
        """What the answers say of one service."""
        ...


def green(text: str) -> Verdict:
    """As it should be."""
    return Verdict(Light.GREEN, text)


def amber(text: str) -> Verdict:
    """Worth a thought."""
    return Verdict(Light.AMBER, text)


def red(text: str) -> Verdict:
    """People notice, or soon will."""
    return Verdict(Light.RED, text)


def unread(what: str, error: Exception) -> Verdict:
    """Nobody knows how it does: amber, and why. AWS's refusals name the permission that is missing."""
    return amber(f"{what}: {why(error)}")


def why(error: Exception) -> str:
    """An error in mrkdwn."""
    if isinstance(error, BotError):
        return b.esc(str(error).rstrip("."), 300)
    if isinstance(error, TimeoutError):
        return f"no answer in {SECONDS:g} s"
    log.error("a look failed", exc_info=error)
    return "it could not be read"


def name_of(account: Account) -> str:
    """An account in the name of a read."""
    return f"{account.region} {account.role_arn} {account.external_id}"


def counted(number: float, what: str) -> str:
    """``1 target``, ``2 targets``."""
    return f"{number:,.0f} {what}{'' if number == 1 else 's'}"
