"""PagerDuty out: Events API v2, through PagerDuty's own client.

The client needs taming. It repeats a 429 without limit and sleeps ever longer; here it repeats once, soon, because
the row this call belongs to comes again by itself. Repeating is safe: an event with the same dedup key is appended
to the alert it opened. Calls block up to about eleven seconds, so they belong on a worker, not on Slack's thread.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pagerduty

from bot.errors import NotFoundError, UpstreamError
from bot.pagerduty.payload import DETAIL, cut, one_line, stamp, trigger_event
from bot.paging import Call

DEFAULT_KEY = "PAGERDUTY_ROUTING_KEY"
"""The variable used by systems that name none of their own."""

_TIMEOUT = 5
_RETRY_AFTER = 30.0  # PagerDuty's own advice for its limit of about 120 events a minute and key
_MAX_DEDUP_KEY = 255
_KEY_LENGTH = 32
_log = logging.getLogger(__name__)


class EventsPager:
    """Fills ``bot.ports.Pager``. May be used by many threads.

    ``keys`` gives the routing key held by an environment variable, None or empty when there is none; without a key
    nothing is sent and nothing fails, so that a bot without PagerDuty works. ``events_url`` must be https. ``proxy``
    is the address of a company's HTTP proxy, ``ca_file`` a PEM file of authorities trusted besides the usual ones;
    the proxy variables of the environment are not read. ``pause`` is the time in seconds before the one repetition.
    """

    def __init__(
        self,
        keys: Callable[[str], str | None],
        *,
        events_url: str = "https://events.pagerduty.com",
        proxy: str = "",
        ca_file: str = "",
        pause: float = 0.5,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        if not events_url.startswith("https://"):
            raise ValueError("PagerDuty's address must begin with https://")
        self._keys = keys
        self._url = events_url.rstrip("/")
        self._pause = pause
        self._transport = transport or _transport(proxy, ca_file)
        self._lock = threading.Lock()
        self._clients: dict[str, pagerduty.EventsApiV2Client] = {}
        self.away = False
        """True while the last call did not get through; for ``/readyz``."""

    def trigger(self, routing_key_env: str, dedup_key: str, call: Call) -> bool:
        """Open the alert with this key, or append to it; False when there is no routing key, so that nobody is called.

        Raises UpstreamError, ``retryable`` for 429, 5xx and the network.
        """
        return self._send_event(routing_key_env, "trigger", dedup_key, trigger_event(call))

    def acknowledge(self, routing_key_env: str, dedup_key: str, at: float) -> None:
        """Acknowledge the alert; PagerDuty drops it when none is open. Raises as ``trigger``."""
        self._send_event(routing_key_env, "acknowledge", dedup_key, {})

    def resolve(self, routing_key_env: str, dedup_key: str, at: float) -> None:
        """Resolve the alert; PagerDuty drops it when none is open. Raises as ``trigger``."""
        self._send_event(routing_key_env, "resolve", dedup_key, {})

    def change(self, routing_key_env: str, summary: str, details: Mapping[str, str], link: str, at: float) -> bool:
        """Tell of a change, which notifies nobody; False when there is no routing key.

        ``at`` is when it happened, in seconds since the epoch. A change event has no key: one whose answer was lost
        is told again and stands there twice. Not for the keys of rulesets, which begin with R.
        https://developer.pagerduty.com/docs/send-change-event Raises as ``trigger``.
        """
        payload: dict[str, Any] = {
            "summary": one_line(summary) or "Change",
            "source": "runbook-bot",
            # The client's own default for it fails (submit() of 7.0.1 to 7.2.0).
            "timestamp": stamp(at),
            "custom_details": {key: cut(value, DETAIL) for key, value in details.items() if value},
        }
        links = [{"href": link, "text": "Slack message"}] if link else None
        return self._send(routing_key_env, lambda client: client.send_change_event(payload, links))

    def check(self, routing_key_env: str) -> None:
        """Look whether a system's routing key is there and can be one; sends nothing. Raises NotFoundError."""
        name = routing_key_env or DEFAULT_KEY
        key = self._keys(name)
        if not key:
            raise NotFoundError(f"There is no PagerDuty routing key in {name}.", hint="Set it, or nobody is paged.")
        if len(key) != _KEY_LENGTH or not key.isalnum():
            raise NotFoundError(
                f"{name} holds no PagerDuty routing key.", hint=f"A key has {_KEY_LENGTH} letters and digits."
            )

    def close(self) -> None:
        """Give back every connection."""
        self._transport.close()

    def _send_event(self, routing_key_env: str, action: str, dedup_key: str, event: Mapping[str, Any]) -> bool:
        key = _fitting(dedup_key)
        return self._send(routing_key_env, lambda client: client.send_event(action, dedup_key=key, **event))

    def _send(self, routing_key_env: str, send: Callable[[pagerduty.EventsApiV2Client], object]) -> bool:
        name = routing_key_env or DEFAULT_KEY
        key = self._keys(name)
        if not key:
            _log.debug("no routing key, nothing sent to PagerDuty", extra={"variable": name})
            return False
        try:
            send(self._client(key))
            self.away = False
        except pagerduty.Error as error:
            self.away = _upstream(error, name).retryable
            raise _upstream(error, name) from error
        return True

    def _client(self, key: str) -> pagerduty.EventsApiV2Client:
        """The client of a key; the connections are shared by all."""
        with self._lock:
            if key not in self._clients:
                client = pagerduty.EventsApiV2Client(key, base_url=self._url, transport=self._transport)
                client.timeout = _TIMEOUT
                # Zero would mean "without limit" for 429, and is none at all for the others.
                client.retry = {429: 1}
                client.max_network_attempts = 1
                client.sleep_timer = self._pause
                client.sleep_timer_base = 1
                self._clients[key] = client
            return self._clients[key]


def _transport(proxy: str, ca_file: str) -> httpx2.BaseTransport:
    context = httpx2.create_ssl_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return httpx2.HTTPTransport(verify=context, proxy=proxy or None, trust_env=False)


def _fitting(dedup_key: str) -> str:
    """At most 255 characters; an alarm's ARN alone may be longer. The end of a long one becomes its hash."""
    if len(dedup_key) <= _MAX_DEDUP_KEY:
        return dedup_key
    digest = hashlib.sha256(dedup_key.encode("utf-8", "replace")).hexdigest()
    return f"{dedup_key[: _MAX_DEDUP_KEY - len(digest) - 1]}~{digest}"


def _upstream(error: pagerduty.Error, name: str) -> UpstreamError:
    """PagerDuty's refusal as a sentence. The key itself is never in it, only the variable it came from."""
    response = error.response
    if response is None:
        return UpstreamError("PagerDuty could not be reached.", hint="It is tried again.", retryable=True)
    status = response.status_code
    if status == 429:
        after = response.headers.get("retry-after", "")
        seconds = float(after) if after.isascii() and after.isdigit() and len(after) < 6 else _RETRY_AFTER
        return UpstreamError("PagerDuty takes no more events for now.", retryable=True, retry_after=seconds, code="429")
    refused = 400 <= status < 500
    said = cut(" ".join(response.text[:DETAIL].split()), 300)
    return UpstreamError(
        f"PagerDuty answered {status}: {said}" if said else f"PagerDuty answered {status}.",
        hint=f"See the routing key in {name}." if refused else "",
        # A success without PagerDuty's own words came from something in between.
        retryable=not refused,
        code=str(status),
    )
