"""Calls at the pace that an API allows, and again while it throttles all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.aws.errors import ask, is_throttled
from bot.budget import Budget
from bot.domain import Account
from bot.errors import UpstreamError
from bot.ports import Clock


class Pace:
    """One call every so many seconds in an account and region, with a burst; others of the account use it up, too.

    ``rest`` is how long it waits after it was throttled, ``pause`` waits some seconds.
    """

    def __init__(self, every: float, burst: int, rest: float, clock: Clock, pause: Callable[[float], None]) -> None:
        self._budget = Budget(every, burst)
        self._rest = rest
        self._clock = clock
        self._pause = pause

    def ask(
        self, account: Account, client: Any, operation: str, asked: Mapping[str, Any], deadline: float
    ) -> dict[str, Any]:
        """Ask until the deadline. Raises the last UpstreamError."""
        while True:
            now = self._clock.now()
            at = self._budget.reserve(account.quotas, now)
            if at > now:
                self._pause(at - now)
            try:
                return ask(client, operation, **asked)
            except UpstreamError as error:
                if not is_throttled(error) or self._clock.now() + self._rest >= deadline:
                    raise
            self._pause(self._rest)
