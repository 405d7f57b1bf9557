"""What PagerDuty refuses of an event: its documentation's "Send an Alert Event" and "Send a Change Event"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

_SEVERITIES = ("critical", "error", "warning", "info")
_ACTIONS = ("trigger", "acknowledge", "resolve")
_TEXTS = {"images": ("alt", "href"), "links": ("text",)}


def _text_problem(value: Mapping[str, Any], key: str, where: str, longest: int | None = None) -> list[str]:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        return [f"'{where}{key}' is missing or blank"]
    if longest is not None and len(text) > longest:
        return [f"'{where}{key}' is too long: {len(text)} characters, at most {longest} are allowed"]
    return []


def _key_problems(event: Mapping[str, Any]) -> list[str]:
    key = event.get("routing_key")
    if not isinstance(key, str) or not key:
        return ["'routing_key' is missing or blank"]
    return [] if len(key) == 32 else ["Length of 'routing_key' is incorrect (should be 32 characters)"]


def event_problems(event: Mapping[str, Any]) -> list[str]:
    """What is wrong with an alert event; nothing where it is good."""
    problems = _key_problems(event)
    action = event.get("event_action")
    if action not in _ACTIONS:
        problems.append("'event_action' must be one of: trigger, acknowledge, resolve")
    dedup_key = event.get("dedup_key")
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > 255):
        problems.append("'dedup_key' must be a string of at most 255 characters")
    if action in ("acknowledge", "resolve") and not dedup_key:
        problems.append(f"'dedup_key' is required to {action}")
    if event.get("client_url") and not _is_address(event["client_url"]):
        problems.append("'client_url' must be a valid URL")
    if action == "trigger":
        problems += _payload_problems(event.get("payload"))
        problems += _list_problems(event, "images", "src") + _list_problems(event, "links", "href")
    return problems


def _payload_problems(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or no object"]
    problems = _text_problem(payload, "summary", "payload.", 1024) + _text_problem(payload, "source", "payload.")
    if payload.get("severity") not in _SEVERITIES:
        problems.append("'payload.severity' must be one of: critical, error, warning, info")
    if not _is_moment(payload.get("timestamp", "2026-01-01T00:00:00Z")):
        problems.append("'payload.timestamp' must be a time as ISO 8601 writes it")
    words = ("component", "group", "class")
    return problems + [f"'payload.{word}' must be a string" for word in words if not _is_text(payload.get(word))]


def change_problems(event: Mapping[str, Any]) -> list[str]:
    """What is wrong with a change event; nothing where it is good."""
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return [*_key_problems(event), "'payload' is missing or no object"]
    problems = _key_problems(event) + _text_problem(payload, "summary", "payload.", 1024)
    if str(event.get("routing_key")).startswith("R"):
        problems.append("'routing_key' is that of a ruleset, which takes no change events")
    if not isinstance(payload.get("custom_details", {}), dict):
        problems.append("'payload.custom_details' must be an object")
    if not _is_moment(payload.get("timestamp", "2026-01-01T00:00:00Z")):
        problems.append("'payload.timestamp' must be a time as ISO 8601 writes it")
    if event.get("images"):
        problems.append("'images' is not supported in change events")
    return problems + _list_problems(event, "links", "href")


def _is_moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(str(value)).tzinfo is not None
    except ValueError:
        return False


def _list_problems(event: Mapping[str, Any], key: str, address: str) -> list[str]:
    entries = event.get(key)
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [f"'{key}' must be a list of objects"]
    problems = []
    for entry in entries:
        target = entry.get(address)
        if not isinstance(target, str) or not target:
            problems.append(f"'{key}.{address}' is missing or blank")
        elif key == "images" and not target.startswith("https://"):
            problems.append("'images.src' must be served over HTTPS")
        elif not _is_address(target):
            problems.append(f"'{key}.{address}' must be a valid URL")
        problems += [f"'{key}.{name}' must be a string" for name in _TEXTS[key] if not _is_text(entry.get(name))]
        if key == "images" and entry.get("href") and not _is_address(entry["href"]):
            problems.append("'images.href' must be a valid URL")
    return problems


def _is_address(value: Any) -> bool:
    parts = urlsplit(str(value))
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)
