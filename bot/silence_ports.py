"""The doors of silences: mute rules in CloudWatch, and the silences that the bot itself keeps.

The rules of ``bot.ports`` hold: every method that talks to a service raises ``UpstreamError`` when it refuses or
cannot be reached. Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain import Account
from bot.silence import Held, Silence


@dataclass(frozen=True)
class MuteRule:
    """A mute rule that mutes right now; ``until`` is 0 where it comes again and again."""

    name: str
    alarms: tuple[str, ...]
    until: float = 0.0


class Mutes(Protocol):
    """CloudWatch's alarm mute rules of one account and region."""

    def put(
        self, account: Account, name: str, alarms: Sequence[str], *, since: float, until: float, description: str
    ) -> None:
        """PutAlarmMuteRule for these alarms, from the minute of ``since`` to that of ``until``, both included.

        Putting the same again changes nothing. At least one alarm and at most a hundred: a rule without targets would
        mute every alarm of the account.
        """
        ...

    def delete(self, account: Account, name: str) -> None:
        """DeleteAlarmMuteRule; one that is gone already is no error. CloudWatch then acts on what is in ALARM."""
        ...

    def standing(self, account: Account) -> tuple[MuteRule, ...]:
        """The rules that mute now, whoever made them."""
        ...


class Silences(Protocol):
    """The silences that the bot keeps: read from the store, without asking anybody."""

    def standing(self) -> tuple[Silence, ...]:
        """Those that hold now, the one that ends first first."""
        ...

    def covering(self, alarm_name: str, arn: str, target_key: str) -> Silence | None:
        """The one an alarm falls under now; of several the one that ends last."""
        ...

    def held(self, silence_id: str) -> tuple[Held, ...]:
        """The alarms that a silence has held so far, most often first."""
        ...

    def add(self, silence: Silence) -> None:
        """Set one; its ``id`` makes a repeated one vanish."""
        ...

    def end(self, silence_id: str, by: str, *, channel: str = "") -> bool:
        """End one before its time; False when it was over already. ``channel`` is where that is known already."""
        ...
