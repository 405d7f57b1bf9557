"""What an event tells PagerDuty: everything a person woken at night wants to see, within PagerDuty's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bot.domain import Severity
from bot.paging import Call, Link
from bot.redact import clean

LARGEST = 500_000
"""Bytes of an event; PagerDuty takes 512 KB, the routing key and the action included.

https://developer.pagerduty.com/docs/send-alert-event
"""
SUMMARY = 1_024
DETAIL = 2_000
FINDINGS, LINKS, IMAGES, CHILDREN = 20, 10, 5, 20
"""How many of each are told at most."""
_DETAIL_SIZES = (DETAIL, 500, 100)
"""What each text is cut to: the largest that fits. JSON may write one character with twelve."""
_ADDRESS = 4_000
_SEVERITIES: dict[str, str] = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
}
_WEB = re.compile(r"https?://[\w.~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)


def trigger_event(call: Call) -> dict[str, Any]:
    """The fields of a trigger besides key and action, small enough for PagerDuty and without secrets."""
    for size in _DETAIL_SIZES:
        event = _event(call, size)
        if len(json.dumps(event)) <= LARGEST:
            break
    return event


def _event(call: Call, size: int) -> dict[str, Any]:
    thread = _links([Link(call.thread, "Slack thread")], 1)
    links = thread + _links(call.links, LINKS - len(thread))
    # A signed address holds a signature and must stay whole; PagerDuty shows pictures over https only.
    shown = [each for each in call.images if each.href.startswith("https://") and _is_address(each.href)]
    images = [{"src": each.href, "alt": cut(each.text, 200)} for each in shown[:IMAGES]]
    event: dict[str, Any] = {"payload": _payload(call, size), "client": "runbook-bot"}
    told = {"client_url": thread[0]["href"] if thread else "", "links": links, "images": images}
    return event | {key: value for key, value in told.items() if value}


def _payload(call: Call, size: int) -> dict[str, Any]:
    alarm = call.alarm
    summary = call.summary or (f"{alarm.name}: {alarm.reason}" if alarm.reason else alarm.name)
    payload: dict[str, Any] = {
        "summary": one_line(summary) or "Alarm",
        "source": cut(alarm.arn or alarm.region or "cloudwatch", size),
        "severity": _SEVERITIES.get(call.severity, "error"),
        "timestamp": stamp(call.at),
        "custom_details": _details(call, size),
    }
    if alarm.metric is not None:
        dimensions = alarm.metric.dimensions
        named = (dimensions[key] for key in ("ServiceName", "FunctionName", *sorted(dimensions)) if key in dimensions)
        payload |= {"component": cut(next(named, ""), 255), "class": cut(alarm.metric.name, 255)}
    return {key: value for key, value in payload.items() if value}


def _details(call: Call, size: int) -> dict[str, Any]:
    """Empty things are left out; what helps most stands first."""
    alarm, metric = call.alarm, call.alarm.metric
    told: dict[str, object] = {
        "suspected cause": call.suspected,
        "first remedy": call.remedy,
        "alarm": alarm.name,
        "state": alarm.state,
        "reason": alarm.reason,
        "description": alarm.description,
        "account": alarm.account,
        "region": alarm.region,
        "contributor": alarm.contributor,
        "children": ", ".join(alarm.children[:CHILDREN]),
        "message": alarm.raw,
    }
    if metric is not None:
        told["metric"] = " ".join(part for part in (metric.namespace, metric.name, metric.statistic) if part)
        told["dimensions"] = ", ".join(f"{key}={value}" for key, value in metric.dimensions.items())
        told["expression"] = metric.expression
        told["threshold"] = "" if metric.threshold is None else f"{metric.comparison} {metric.threshold:g}"
    details: dict[str, Any] = {key: cut(str(value), size) for key, value in told.items() if value}
    findings = [cut(finding, size) for finding in call.findings[:FINDINGS]]
    return {"findings": findings, **details} if findings else details


def _links(links: Iterable[Link], limit: int) -> list[dict[str, str]]:
    """Only what a browser would open, and no address that holds a secret."""
    told = [link for link in links if _is_address(link.href) and clean(link.href) == link.href]
    return [{"href": link.href, "text": cut(link.text, 200)} for link in told[:limit]]


def _is_address(href: str) -> bool:
    return len(href) <= _ADDRESS and _WEB.fullmatch(href) is not None


def one_line(text: str) -> str:
    """A text as a summary: one line, without secrets."""
    return " ".join(cut(text, SUMMARY * 2).split())[:SUMMARY]


def stamp(at: float) -> str:
    """Seconds since the epoch as PagerDuty reads them."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def cut(text: str, size: int) -> str:
    """A text without secrets and control characters, at most so long."""
    # Looked at a little further than it is told, so that no secret is cut in half before it is known as one.
    return clean(text[: size * 4 + 4_000])[:size]
