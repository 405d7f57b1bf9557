"""Gives the app what people do: over a socket or to its request URL, whichever it uses."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import h11

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.slack import seed
from sandbox.slack.errors import DeliveryError
from sandbox.slack.post import Answer, Poster
from sandbox.slack.received import parsed
from sandbox.slack.sockets import Sockets

FAULT_TARGET = "slack:delivery"
"""Faults of deliveries are apart from those of the Web API, so that neither uses up the other's count."""

KINDS = ("slash_commands", "interactive", "events_api")
"""What is delivered, by the names that Slack gives its envelopes."""

RETRY_AFTER = (0.0, 60.0, 300.0)
"""Seconds of the sandbox's clock after which an event is given again."""

_LOOK_EVERY = 0.02


class Delivery:
    """``patience`` is how many real seconds the app has for an acknowledgement."""

    def __init__(
        self, clock: Clock, faults: Faults, calls: Calls, sockets: Sockets, signing_secret: str, patience: float
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._sockets = sockets
        self._secret = signing_secret.encode()
        self._patience = patience
        self._poster: Poster | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def set_request_url(self, url: str | None) -> None:
        """From now on over HTTP; None: over Socket Mode."""
        if self._poster is not None:
            self._poster.close()
        self._poster = None if url is None else Poster(url)

    async def deliver(self, kind: str, payload: dict[str, Any], retry: tuple[int, str] | None = None) -> Any:
        """Give it to the app; returns what the acknowledgement says, or None.

        ``kind`` is one of KINDS. Raises DeliveryError.
        """
        try:
            acknowledged = await self._deliver(kind, payload, retry)
        except DeliveryError as error:
            self._record(kind, payload, error.word)
            raise
        self._record(kind, payload, "ok")
        return acknowledged

    async def _deliver(self, kind: str, payload: dict[str, Any], retry: tuple[int, str] | None) -> Any:
        fault = self._faults.take(FAULT_TARGET, kind)
        if fault is not None and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if self._poster is None:
            acknowledged = await self._sockets.deliver(kind, payload, self._patience, retry)
        else:
            acknowledged = await self._post(self._poster, kind, payload, retry)
        if fault is not None and fault.error == "drop_ack":
            raise DeliveryError("operation_timeout", "timeout")
        return acknowledged

    async def _post(self, poster: Poster, kind: str, payload: dict[str, Any], retry: tuple[int, str] | None) -> Any:
        body, content_type = encoded(kind, payload)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0", "Accept": "*/*"} | self.signature(body)
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        try:
            async with asyncio.timeout(self._patience):
                answer = await poster.post(body, headers)
        except TimeoutError:
            raise DeliveryError("operation_timeout", "http_timeout") from None
        except (OSError, h11.ProtocolError):
            raise DeliveryError("dispatch_failed", "connection_failed") from None
        return _acknowledgement(answer)

    def signature(self, body: bytes) -> dict[str, str]:
        """Headers that prove a body to be Slack's; by real time, which is what the app compares with."""
        sent = str(int(time.time()))
        digest = hmac.new(self._secret, f"v0:{sent}:".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": sent, "X-Slack-Signature": f"v0={digest}"}

    def event(self, event: dict[str, Any]) -> None:
        """Give an event to the app, and again as Slack does while it is not acknowledged; returns at once."""
        payload = {
            "token": "legacy",
            "team_id": seed.TEAM,
            "api_app_id": seed.APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{time.monotonic_ns():X}",
            "event_time": int(self._clock.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": seed.TEAM,
                    "user_id": seed.BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        self.later(self._event(payload))

    def later(self, work: Any) -> None:
        """Run a coroutine in the background until it ends or the server stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _event(self, payload: dict[str, Any]) -> None:
        retry: tuple[int, str] | None = None
        for number, pause in enumerate((*RETRY_AFTER, None), start=1):
            sent = self._clock.now()
            try:
                await self.deliver("events_api", payload, retry)
                return
            except DeliveryError as error:
                if pause is None or error.no_retry:
                    return
                retry = (number, error.reason)
            while self._clock.now() < sent + pause:  # noqa: ASYNC110
                # The clock may jump at any time and tells nobody.
                await asyncio.sleep(_LOOK_EVERY)

    async def verify(self) -> bool:
        """Whether the request URL answers Slack's challenge, as when it is entered in the app's settings."""
        if self._poster is None:
            return False
        challenge = hashlib.sha256(str(time.monotonic_ns()).encode()).hexdigest()
        payload = {"token": "legacy", "challenge": challenge, "type": "url_verification"}
        try:
            acknowledged = await self._post(self._poster, "events_api", payload, None)
        except DeliveryError:
            return False
        said = acknowledged if isinstance(acknowledged, dict) else {}
        return challenge in (said.get("challenge"), said.get("text"))

    async def close(self) -> None:
        """Stop retrying and close connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.set_request_url(None)

    def _record(self, kind: str, payload: dict[str, Any], status: str) -> None:
        self._calls.record("slack", f"deliver:{kind}", payload, status, self._clock.now())


def encoded(kind: str, payload: dict[str, Any]) -> tuple[bytes, str]:
    """A delivery's body and content type."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _acknowledgement(answer: Answer) -> Any:
    if not 200 <= answer.status < 300:
        no_retry = answer.headers.get("x-slack-no-retry") == "1"
        raise DeliveryError("dispatch_failed", "http_error", no_retry=no_retry)
    text = answer.body.decode(errors="replace")
    if not text.strip():
        return None
    with contextlib.suppress(ValueError):
        if answer.headers.get("content-type", "").startswith("application/json"):
            return parsed(text)
    # A plain text is short for a message of that text, and in a socket's acknowledgement it is one.
    return {"text": text}
