"""Slack's rate limits: a bucket for each method, and for chat.postMessage one for each channel."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import Clock

POST_BURST = 5
"""Messages a channel takes at once before the limit of one a second holds. Slack says "short bursts" and no number."""

_TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
_UNTIERED = 600
_BY_TIER = {
    2: "conversations.list conversations.open usergroups.list usergroups.users.list users.list pins.add pins.remove "
    "pins.list reactions.get files.list",
    3: "apps.connections.open chat.update chat.delete conversations.history conversations.info conversations.join "
    "conversations.replies reactions.add reactions.remove users.conversations",
    4: "chat.postEphemeral conversations.members users.info views.open views.push views.update views.publish "
    "files.getUploadURLExternal files.completeUploadExternal",
}
_PER_MINUTE = {method: _TIERS[tier] for tier, methods in _BY_TIER.items() for method in methods.split()}


@dataclass
class _Bucket:
    left: float
    real: float
    clock: float


class RateLimits:
    """A tier's calls of a minute may come at once, then as many as the minute refills.

    Time passes by the real clock or the sandbox's, whichever is faster: a frozen clock never blocks a real bot, and a
    test that advances the clock need not wait. ``place`` tells the id behind a channel's other names.
    """

    def __init__(self, clock: Clock, place: Callable[[str], str]) -> None:
        self._clock = clock
        self._place = place
        self._buckets: dict[str, _Bucket] = {}

    def take(self, method: str, channel: str) -> int | None:
        """None when the call may pass; else the seconds after which to try again."""
        if method == "chat.postMessage":
            return self._take(f"{method} {self._place(channel)}", POST_BURST, 1.0)
        per_minute = _PER_MINUTE.get(method, _UNTIERED)
        return self._take(method, per_minute, per_minute / 60)

    def _take(self, key: str, size: float, per_second: float) -> int | None:
        real, clock = time.monotonic(), self._clock.now()
        bucket = self._buckets.setdefault(key, _Bucket(size, real, clock))
        passed = max(real - bucket.real, clock - bucket.clock)
        bucket.left = min(size, bucket.left + passed * per_second)
        bucket.real, bucket.clock = real, clock
        if bucket.left < 1:
            return max(1, math.ceil((1 - bucket.left) / per_second))
        bucket.left -= 1
        return None
