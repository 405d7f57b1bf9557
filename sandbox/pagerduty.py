"""A pretend PagerDuty: accepts Events API v2 as strictly as the real one, and shows what it got.

The rules are those of PagerDuty's developer documentation, "Send an Alert Event", "Send a Change Event" and "Events
API rate limits": what is required, which lengths, what an event does to an incident that is open or is not.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.proxy import HangUpError, Request, Response, suffer

LARGEST_EVENT = 512 * 1024
EVENTS_PER_MINUTE = 120

_SEVERITIES = ("critical", "error", "warning", "info")
_ACTIONS = ("trigger", "acknowledge", "resolve")
_OPERATIONS = {"/v2/enqueue": "enqueue", "/v2/change/enqueue": "change"}


class PagerDuty:
    """What was sent, and the incidents that follow from it. Thread-safe."""

    def __init__(self, clock: Clock, faults: Faults, calls: Calls) -> None:
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._lock = threading.Lock()
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._events: deque[dict[str, Any]] = deque(maxlen=2_000)
        self._changes: deque[dict[str, Any]] = deque(maxlen=2_000)
        self._incidents: list[dict[str, Any]] = []

    def snapshot(self) -> dict[str, Any]:
        """Everything for the page: events, change events (both oldest first) and the incidents made of them."""
        with self._lock:
            return json.loads(  # type: ignore[no-any-return]
                json.dumps(
                    {
                        "events": list(self._events),
                        "changes": list(self._changes),
                        "incidents": self._incidents,
                    }
                )
            )

    def answer(self, request: Request) -> Response:
        """Speak as events.pagerduty.com and api.pagerduty.com."""
        operation = _OPERATIONS.get(request.path)
        if operation is None or not request.host.startswith("events."):
            return Response.of_json(404, {"error": {"code": 2100, "message": "Not Found"}})
        event = _parse(request.body)
        fault = self._faults.take("pagerduty", operation)
        response = self._fail(fault) or self._check(request, operation, event) or self._accept(operation, event)
        self._calls.record(
            "pagerduty",
            operation,
            event if isinstance(event, dict) else {},
            "ok" if response.status == 202 else str(response.status),
            self._clock.now(),
        )
        if fault is not None and fault.error in ("drop_ack", "lost_response"):
            raise HangUpError
        return response

    def _fail(self, fault: Fault | None) -> Response | None:
        """What the fault says; None where the event is to be taken after all."""
        word = suffer(fault)
        match word:
            case None:
                return None
            case "ratelimited" | "429":
                return _too_many()
            case "400":
                return _invalid(["the event was refused by a fault that somebody set"])
            case _:
                status = int(word) if word.isdecimal() else 500
                return Response.of_json(status, {"status": "error", "message": "Internal Server Error"})

    def _check(self, request: Request, operation: str, event: Any) -> Response | None:
        if request.method != "POST":
            return Response.of_json(405, {"status": "error", "message": "Method Not Allowed"})
        if len(request.body) > LARGEST_EVENT:
            return Response.of_json(413, {"status": "error", "message": "Event exceeds 512 KB"})
        if not isinstance(event, dict):
            return _invalid(["JSON is invalid"])
        problems = _event_problems(event) if operation == "enqueue" else _change_problems(event)
        if problems:
            return _invalid(problems)
        return None if self._within_limit(event["routing_key"]) else _too_many()

    def _within_limit(self, routing_key: str) -> bool:
        now = self._clock.now()
        with self._lock:
            recent = self._recent[routing_key]
            while recent and recent[0] <= now - 60:
                recent.popleft()
            if len(recent) >= EVENTS_PER_MINUTE:
                return False
            recent.append(now)
            return True

    def _accept(self, operation: str, event: dict[str, Any]) -> Response:
        with self._lock:
            shown = {key: value for key, value in event.items() if key != "routing_key"}
            if operation == "change":
                self._changes.append({**shown, "at": self._clock.now()})
                return Response.of_json(202, {"status": "success", "message": "Change event processed"})
            key = event.get("dedup_key") or f"sandbox-{len(self._events) + 1:08d}"
            effect = self._apply(event, key)
            self._events.append({**shown, "dedup_key": key, "at": self._clock.now(), "effect": effect})
        return Response.of_json(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _apply(self, event: Mapping[str, Any], key: str) -> str:
        """Change the incidents; returns what the event did: opened, appended, acknowledged, resolved or dropped."""
        now = self._clock.now()
        # An event through another integration key never touches this one's incidents.
        mine = (key, event["routing_key"][-4:])
        open_one = self._open_incident(mine)
        action = event["event_action"]
        if action == "trigger":
            if open_one is not None:
                open_one["alerts"] += 1
                return "appended"
            self._incidents.append(_incident(len(self._incidents) + 1, mine, event["payload"], now))
            return "opened"
        if open_one is None:
            return "dropped"
        if action == "acknowledge":
            open_one["status"] = "acknowledged"
            open_one["acknowledged_at"] = open_one["acknowledged_at"] or now
            return "acknowledged"
        open_one["status"] = "resolved"
        open_one["resolved_at"] = now
        return "resolved"

    def _open_incident(self, mine: tuple[str, str]) -> dict[str, Any] | None:
        for incident in self._incidents:
            if (incident["dedup_key"], incident["key_ends"]) == mine and incident["resolved_at"] is None:
                return incident
        return None


def _incident(number: int, mine: tuple[str, str], payload: Mapping[str, Any], now: float) -> dict[str, Any]:
    return {
        "number": number,
        "dedup_key": mine[0],
        "key_ends": mine[1],
        "status": "triggered",
        "summary": payload["summary"],
        "severity": payload["severity"],
        "source": payload["source"],
        "alerts": 1,
        "triggered_at": now,
        "acknowledged_at": None,
        "resolved_at": None,
    }


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


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


def _event_problems(event: Mapping[str, Any]) -> list[str]:
    problems = _key_problems(event)
    action = event.get("event_action")
    if action not in _ACTIONS:
        problems.append("'event_action' must be one of: trigger, acknowledge, resolve")
    dedup_key = event.get("dedup_key")
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > 255):
        problems.append("'dedup_key' must be a string of at most 255 characters")
    if action in ("acknowledge", "resolve") and not dedup_key:
        problems.append(f"'dedup_key' is required to {action}")
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
    return problems


def _change_problems(event: Mapping[str, Any]) -> list[str]:
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
    return problems


def _invalid(problems: list[str]) -> Response:
    return Response.of_json(400, {"status": "invalid event", "message": "Event object is invalid", "errors": problems})


def _too_many() -> Response:
    message = "Requests for this integration key are arriving too quickly. Please try again later."
    return Response.of_json(429, {"status": "throttle exceeded", "message": message})
