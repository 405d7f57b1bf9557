"""A sign of life for a watchdog elsewhere: whoever watches the watchman notices when it stays away.

The watchdog (healthchecks.io, Dead Man's Snitch, a CloudWatch canary …) is asked every minute while all is well. It is
not asked while something is wrong, so that it raises the alarm through a way that does not lead through this bot.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from bot.errors import BotError
from bot.ports import Clock
from bot.posts import post
from bot.rows import Store
from bot.views import blocks as b

log = logging.getLogger("bot.heartbeat")

EVERY = 60
"""Seconds between two heartbeats."""
MOST = 10
"""Complaints of one look that are posted; the log has them all."""
NOT_WRITTEN = "The store cannot be written."
NOT_AUDITED = "The bot could not look whether all is well; the reason is in its log."


class Ping(Protocol):
    """Asks an address that only wants to be asked."""

    def ping(self, url: str) -> None:
        """Raises UpstreamError unless it answers 2xx within 5 s."""
        ...


class Heartbeat:
    """Looks whether all is well, and tells the watchdog so.

    ``audit`` gives a sentence for everything that is wrong; the same sentence is the same complaint, so it holds no
    ages or counts that change by the minute. ``url`` may be empty: then complaints are told all the same. It is called
    by one thread.
    """

    def __init__(
        self,
        url: str,
        web: Ping,
        audit: Callable[[], list[str]],
        *,
        store: Store,
        clock: Clock,
        channel: Callable[[], str],
    ) -> None:
        self._url = url
        self._web = web
        self._audit = audit
        self._store = store
        self._clock = clock
        self._channel = channel
        self._logged: set[str] = set()
        self._posted: set[str] = set()
        self._missed = False

    def beat(self) -> bool:
        """Look, complain or ping; True when all was well and the watchdog was told. Never raises."""
        writable = self._writable()
        wrong = list(dict.fromkeys([*([] if writable else [NOT_WRITTEN]), *self._audited()]))
        for complaint in wrong:
            if complaint not in self._logged:
                log.error("not well", extra={"complaint": complaint})
        if self._logged and not wrong:
            log.info("well again")
        self._logged = set(wrong)
        if writable:
            self._post(wrong[:MOST])
        return not wrong and self._pinged()

    def _writable(self) -> bool:
        try:
            self._store.ping()
        except Exception:
            # The one reason why nobody can be told in Slack: only the watchdog is left.
            if NOT_WRITTEN not in self._logged:
                log.exception("the store cannot be written")
            return False
        return True

    def _audited(self) -> list[str]:
        try:
            return self._audit()
        except Exception:
            if NOT_AUDITED not in self._logged:
                log.exception("the audit failed")
            return [NOT_AUDITED]

    def _post(self, wrong: list[str]) -> None:
        """Each complaint once a day, however often it comes and goes."""
        now = self._clock.now()
        day = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
        self._posted = {key for key in self._posted if f":{day}:" in key}
        for complaint in wrong:
            key = f"heartbeat:{day}:{hashlib.sha256(complaint.encode('utf-8', 'replace')).hexdigest()[:16]}"
            if key in self._posted:
                continue
            message = b.paragraph(f":broken_heart: I am not well: {b.esc(complaint)}")
            try:
                self._store.add(replace(post(key, self._channel(), message), else_signal=None), now)
            except Exception:
                log.exception("a complaint could not be posted")
                return
            self._posted.add(key)

    def _pinged(self) -> bool:
        if not self._url:
            return False
        try:
            self._web.ping(self._url)
        except BotError as error:
            if not self._missed:
                log.warning("the watchdog cannot be told that all is well", extra={"error": str(error)})
            self._missed = True
            return False
        self._missed = False
        return True
