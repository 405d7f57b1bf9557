"""The body of a webhook, read: what happened to which PagerDuty incident, and who did it.

The shapes: https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.paging import PageEvent
from bot.redact import clean

INTEGRATION = "integration"
"""Who did it, where it was caused through the Events API: this bot, or another tool with the same routing key."""
PAGERDUTY = "pagerduty"
"""Who did it, where PagerDuty names nobody: a timeout, a schedule."""
_PREFIX = "incident."
_CAUSED_BY_EVENTS = ("triggered", "acknowledged", "resolved")
"""What an event of the Events API can lead to; whatever else has no agent was PagerDuty's own doing."""
_NAME, _NOTE, _ADDRESS, _KEY, _PEOPLE = 200, 2_000, 500, 255, 10


def read_event(body: bytes, webhook_id: str, now: float) -> PageEvent | None:
    """The event in a webhook's body, or None where it is none of an incident's. Never raises.

    The key is made of the event's own id, which is signed and the same for every delivery of every subscription;
    ``webhook_id`` (the header X-Webhook-Id, which nobody signed) stands in where a body has none.
    """
    try:
        event = _mapping(json.loads(body)).get("event")
    except (ValueError, RecursionError):
        return None
    event = _mapping(event)
    kind = _text(event.get("event_type"), 100)
    if not kind.startswith(_PREFIX):
        return None
    data = _mapping(event.get("data"))
    # A note names its incident only by PagerDuty's id.
    incident = data if data.get("type") in (None, "incident") else _mapping(data.get("incident"))
    assignees = data.get("assignees")
    people = assignees[:_PEOPLE] if isinstance(assignees, list) else []
    word = kind.removeprefix(_PREFIX)
    if word == "resolved" and _text(_mapping(data.get("resolve_reason")).get("type"), _NAME).startswith("merge"):
        # Merged into another incident, where it goes on: that is not the end of anything.
        word = "merged"
    agent = _mapping(event.get("agent"))
    identity = _text(event.get("id"), _KEY) or _text(webhook_id, _KEY) or hashlib.sha256(body).hexdigest()
    return PageEvent(
        key=f"pd:{identity}",
        event=word,
        dedup_key=_text(data.get("incident_key"), _KEY),
        number=_text(incident.get("id"), _NAME),
        who=_text(agent.get("summary"), _NAME),
        by=_kind_of(agent, word),
        at=_seconds(event.get("occurred_at"), now),
        to=tuple(name for each in people if (name := _text(_mapping(each).get("summary"), _NAME))),
        url=_address(incident.get("html_url")),
        note=_text(data.get("content"), _NOTE),
        priority=_text(_mapping(data.get("priority")).get("summary"), _NAME),
    )


def _kind_of(agent: Mapping[str, Any], word: str) -> str:
    kind = _text(agent.get("type"), _NAME).removesuffix("_reference")
    mechanical = not kind or kind == "service" or kind.endswith(INTEGRATION)
    if mechanical and word in _CAUSED_BY_EVENTS:
        return INTEGRATION
    return kind or PAGERDUTY


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any, size: int) -> str:
    return clean(value[: size * 2])[:size].strip() if isinstance(value, str) else ""


def _address(value: Any) -> str:
    text = _text(value, _ADDRESS)
    return text if text.startswith("https://") else ""


def _seconds(value: Any, now: float) -> float:
    """When it happened; now, where that cannot be read or lies ahead."""
    try:
        moment = datetime.fromisoformat(value)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return now
    return seconds if math.isfinite(seconds) and 0 < seconds < now else now
