"""What Slack hands out with every interaction: trigger ids and response URLs."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.slack.errors import SlackError
from sandbox.slack.message import Message

RESPONSES = 5
RESPONSE_SECONDS = 30 * 60
_KEPT = 5_000


@dataclass
class Trigger:
    """The right to open one view for somebody; ``view_id`` is the view it came from, if any."""

    user: str
    view_id: str | None
    issued: float
    used: bool = False


@dataclass
class ResponseUrl:
    """Where an app may answer five times within half an hour; ``original`` is the message that was pressed."""

    user: str
    channel: str
    issued: float
    original: Message | None = None
    uses: int = 0


class Interactions:
    """``trigger_seconds`` are real ones, since it is the real app that must be quick; URLs age by the clock."""

    def __init__(self, clock: Clock, trigger_seconds: float) -> None:
        self._clock = clock
        self._trigger_seconds = trigger_seconds
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """A new trigger id."""
        trigger_id = f"{int(self._clock.now() * 1000)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        _keep(self._triggers, trigger_id, Trigger(user, view_id, time.monotonic()))
        return trigger_id

    def use_trigger(self, trigger_id: str, *, from_view: bool = False) -> Trigger:
        """Use it up; ``from_view``: only one that came from a view will do.

        Raises SlackError invalid_trigger_id, expired_trigger_id, exchanged_trigger_id or not_found.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - trigger.issued > self._trigger_seconds:
            raise SlackError("expired_trigger_id")
        if from_view and trigger.view_id is None:
            raise SlackError("not_found")
        trigger.used = True
        return trigger

    def response_url(self, user: str, channel: str, original: Message | None = None) -> str:
        """The path of a new response URL."""
        name = secrets.token_urlsafe(18)
        _keep(self._urls, name, ResponseUrl(user, channel, self._clock.now(), original))
        return f"/response/{name}"

    def use_response_url(self, name: str) -> ResponseUrl:
        """Count one use. Raises SlackError used_url or expired_url."""
        url = self._urls.get(name)
        if url is None or self._clock.now() - url.issued > RESPONSE_SECONDS:
            raise SlackError("expired_url")
        if url.uses >= RESPONSES:
            raise SlackError("used_url")
        url.uses += 1
        return url


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    kept[key] = value
    if len(kept) > _KEPT:
        del kept[next(iter(kept))]
