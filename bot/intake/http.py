"""The HTTPS door for SNS: one route.

SNS takes every 4xx as delivered and never tries again, and any 5xx as failed and tries for up to an hour. So what
is hostile or broken gets a 4xx, and what only this bot could not do right now gets a 503; so does what nothing but
this machine's clock speaks against.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.intake.batches import Batches
from bot.intake.delivery import Accept, Delivery, storable
from bot.intake.raw_delivery import RawDelivery
from bot.intake.sns import Forged, Malformed, Outcome, SnsVerifier, Unavailable, Verified
from bot.ports import Clock

MAX_BODY = 1_048_576
"""Bytes. A message has at most 256 KB, but JSON may write each of its characters with six."""

Confirm: TypeAlias = Callable[[str, str, str], None]
"""``confirm(topic_arn, token, region)``: ConfirmSubscription with AuthenticateOnUnsubscribe, through the API.

The SubscribeURL of the message is never visited: it is an address that a stranger may have chosen.
"""

Answer: TypeAlias = tuple[int, str]
"""The status that makes SNS do the right thing, and a few words."""

_STATUS = {Malformed: 400, Forged: 403, Unavailable: 503}
_log = logging.getLogger(__name__)


class SnsEndpoint:
    """Takes what SNS posts: verifies it, stores it, and answers with the status that makes SNS do the right thing.

    200 stored or already known, 400 malformed, 403 forged or from a topic that is not listed, 503 when it could not
    be stored, confirmed or verified, or is too old by this machine's clock. What arrives while others are being stored
    is stored together.
    """

    def __init__(
        self, verifier: SnsVerifier, accept: Accept, confirm: Confirm, clock: Clock, raw: RawDelivery | None = None
    ) -> None:
        self._verifier = verifier
        self._batches = Batches(accept)
        self._confirm = confirm
        self._clock = clock
        self._raw = raw

    def route(self, path: str = "/sns") -> Route:
        """The route to mount."""
        return Route(path, self, methods=["POST"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        status, words = await self._received(scope, receive)
        if status != 200:
            _log.warning("sns message refused", extra={"status": status, "reason": words})
        body = words.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _received(self, scope: Scope, receive: Receive) -> Answer:
        if any(name == b"x-amz-sns-rawdelivery" and value.lower() == b"true" for name, value in scope["headers"]):
            if self._raw is not None:
                headers = {bytes(name): bytes(value) for name, value in scope["headers"]}
                told = (headers.get(f"x-amz-sns-{what}-arn".encode(), b"") for what in ("topic", "subscription"))
                await run_in_threadpool(self._raw.refused, *(value.decode("latin-1") for value in told))
            return 403, "raw delivery carries no signature; turn RawMessageDelivery off"
        try:
            body = await _read(receive)
        except ClientDisconnect:
            return 400, "body was cut off"
        if body is None:
            return 400, "body is too large"
        outcome = self._verifier.verify_at_once(body)
        if outcome is None:
            outcome = await run_in_threadpool(self._verifier.verify, body)
        return await self._answered(outcome)

    async def _answered(self, outcome: Outcome) -> Answer:
        if not isinstance(outcome, Verified):
            return _STATUS[type(outcome)], outcome.reason
        try:
            if outcome.type == "SubscriptionConfirmation":
                await run_in_threadpool(self._confirm, outcome.topic, outcome.token, outcome.region)
                _log.info("sns subscription confirmed", extra={"topic": outcome.topic})
                return 200, "confirmed"
            new = await self._batches.store(self._delivery(outcome))
        except Exception:
            # Store or AWS: neither is the sender's fault, and SNS comes again.
            _log.exception("sns message could not be taken", extra={"sns_message": outcome.message_id[:100]})
            return 503, "could not be stored"
        return 200, "stored" if new else "already known"

    def _delivery(self, verified: Verified) -> Delivery:
        subject, text = verified.subject, verified.message
        if verified.type == "UnsubscribeConfirmation":
            subject = "This bot was unsubscribed from an SNS topic"
            text = (
                f"{subject}: {verified.topic}\nIts alarms no longer arrive. Subscribe it again.\n\n{verified.message}"
            )
        return Delivery(
            message_id=storable(verified.message_id)[:200],
            topic=verified.topic,
            received_at=self._clock.now(),
            subject=storable(subject),
            text=storable(text),
            via="https",
        )


async def _read(receive: Receive) -> bytes | None:
    """The body, or None when it is larger than ``MAX_BODY``, whatever its headers promise. Raises ClientDisconnect."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        more = message.get("more_body", False)
    return body
