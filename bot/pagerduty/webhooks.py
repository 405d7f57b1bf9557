"""The door for PagerDuty's webhooks (v3): one route.

PagerDuty takes every 4xx but 429 as final: it drops the webhook, and after three in a row it disables the whole
subscription for a day. It comes again for hours after a 5xx, a 429 or no answer within five seconds. So whatever is
really PagerDuty's gets a 2xx, also when it means nothing here; only what is forged gets a 401, and what could not be
stored a 503. https://developer.pagerduty.com/docs/webhooks-behavior
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.pagerduty.signatures import is_signed
from bot.pagerduty.webhook_event import read_event
from bot.paging import PageEvent
from bot.ports import Clock

MAX_BODY = 1_000_000
"""Bytes. PagerDuty delivers no more than 256 KB."""
ANSWER_SECONDS = 4.0
"""How long storing may take: PagerDuty hangs up after five seconds."""

AcceptEvent: TypeAlias = Callable[[PageEvent], bool]
"""Stores an event; False when it means nothing here. Any exception means that it could not be stored."""

_log = logging.getLogger(__name__)


class WebhookEndpoint:
    """Takes what PagerDuty posts: verifies it, stores it, answers.

    200 stored, known or of no meaning here; 401 without a signature by one of ``secrets``, 404 while there are none,
    413 for more than ``MAX_BODY`` bytes, 503 when it could not be stored in time.
    """

    def __init__(
        self, secrets: Sequence[str], accept: AcceptEvent, clock: Clock, *, seconds: float = ANSWER_SECONDS
    ) -> None:
        self._secrets = tuple(secrets)
        self._accept = accept
        self._clock = clock
        self._seconds = seconds

    def route(self, path: str = "/pagerduty") -> Route:
        """The route to mount."""
        return Route(path, self._receive, methods=["POST"])

    async def _receive(self, request: Request) -> Response:
        if not self._secrets:
            return _answer(404, "PAGERDUTY_WEBHOOK_SECRET is not set")
        try:
            body = await _read(request)
        except ClientDisconnect:
            return _answer(400, "body was cut off")
        if body is None:
            return _answer(413, "body is too large")
        if not is_signed(body, request.headers.get("x-pagerduty-signature", ""), self._secrets):
            return _answer(401, "this is not signed by PagerDuty")
        event = read_event(body, request.headers.get("x-webhook-id", ""), self._clock.now())
        if event is None:
            _log.info("a webhook that is about no incident")
            return PlainTextResponse("ignored")
        try:
            # What is stored after the answer is known when PagerDuty comes again.
            stored = await asyncio.wait_for(asyncio.to_thread(self._accept, event), self._seconds)
        except TimeoutError:
            return _answer(503, "could not be stored in time")
        except Exception:
            _log.exception("webhook could not be stored", extra={"event": event.event})
            return _answer(503, "could not be stored")
        return PlainTextResponse("stored" if stored else "ignored")


async def _read(request: Request) -> bytes | None:
    """The body, or None when it is larger than ``MAX_BODY``, whatever its headers promise."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _answer(status: int, reason: str) -> Response:
    _log.warning("webhook refused", extra={"status": status, "reason": reason})
    return PlainTextResponse(reason, status_code=status)
