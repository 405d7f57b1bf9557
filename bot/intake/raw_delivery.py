"""Tells people of a subscription with raw delivery: it carries no signature, so its alarms are refused, unseen."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from bot.ports import Clock
from bot.posts import post
from bot.rows import NewRow
from bot.views.intake import raw_delivery

_ID = re.compile(r"[0-9a-f-]{1,64}")
_log = logging.getLogger(__name__)


class RawDelivery:
    """Owes ``channel`` at most one message a day, all topics and subscriptions together.

    What a request says of itself anybody may have written, so only a topic of ``topics``, those that are listened to,
    is ever told of. ``add`` stores the post.
    """

    def __init__(self, topics: Collection[str], add: Callable[[NewRow], object], channel: str, clock: Clock) -> None:
        self._topics = frozenset(topics)
        self._add = add
        self._channel = channel
        self._clock = clock
        self._lock = threading.Lock()
        self._told = ""

    def refused(self, topic: str, subscription: str) -> None:
        """A raw message was refused that said so of where it came from (ARNs). Never raises."""
        if topic not in self._topics:
            return
        day = f"{datetime.fromtimestamp(self._clock.now(), UTC):%Y-%m-%d}"
        with self._lock:
            if day == self._told:
                return
            before, self._told = self._told, day
        known = subscription.startswith(f"{topic}:") and _ID.fullmatch(subscription.removeprefix(f"{topic}:"))
        message = raw_delivery(topic, subscription if known else "")
        try:
            self._add(post(f"raw-delivery:{day}", self._channel, message, can_wait=True))
        except Exception:
            # The message itself was refused before; the next one asks again.
            _log.exception("nobody could be told of raw delivery", extra={"topic": topic})
            with self._lock:
                self._told = before
