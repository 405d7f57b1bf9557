"""A pretend PagerDuty: accepts Events API v2 as strictly as the real one, and people act on what came of it.

The rules are those of PagerDuty's developer documentation, "Send an Alert Event", "Send a Change Event" and "Events
API rate limits": what is required, which lengths, what an event does to an incident that is open or is not.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.pagerduty_incidents import ACTIONS, PEOPLE, Incident, NotPossibleError, Service, person_of
from sandbox.pagerduty_rules import change_problems, event_problems
from sandbox.pagerduty_webhooks import Webhooks
from sandbox.proxy import HangUpError, Request, Response, suffer

LARGEST_EVENT = 512 * 1024
EVENTS_PER_MINUTE = 120

_SAME_PEOPLE = ("acknowledged", "unacknowledged", "resolved")
_OPERATIONS = {"/v2/enqueue": "enqueue", "/v2/change/enqueue": "change"}


class PagerDuty:
    """What was sent, and the incidents that follow from it. Thread-safe.

    ``services`` are the names of services by their integration keys; an unknown key is a service of its own.
    """

    def __init__(self, clock: Clock, faults: Faults, calls: Calls, services: Mapping[str, str] | None = None) -> None:
        self.webhooks = Webhooks(clock, faults, calls)
        self._services = {key: Service.of_key(key, name) for key, name in (services or {}).items()}
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._lock = threading.Lock()
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._events: deque[dict[str, Any]] = deque(maxlen=2_000)
        self._changes: deque[dict[str, Any]] = deque(maxlen=2_000)
        self._incidents: list[Incident] = []

    def snapshot(self) -> dict[str, Any]:
        """Everything for the page: events and change events, oldest first, the incidents made of them, and people."""
        with self._lock:
            shown = {
                "events": list(self._events),
                "changes": list(self._changes),
                "incidents": [incident.shown() for incident in self._incidents],
                "people": [{"id": one.id, "name": one.name, "slack": one.slack} for one in PEOPLE],
                "webhooks": self.webhooks.status(),
            }
            return json.loads(json.dumps(shown))  # type: ignore[no-any-return]

    def act(self, user: str, incident: str, action: str, *, to: Sequence[str] = (), note: str = "") -> None:
        """What a person does to an incident in PagerDuty's app: one of ACTIONS.

        ``user`` and ``to`` (whom to reassign it to) are ids in Slack or PagerDuty, ``incident`` is an id. Raises
        NotPossibleError, its message a sentence.
        """
        person, heirs = person_of(user), [person_of(one) for one in to]
        if action not in ACTIONS:
            raise NotPossibleError(f"There is no {action}; there are {', '.join(ACTIONS)}.")
        now = self._clock.now()
        with self._lock:
            found = next((one for one in self._incidents if one.id == incident), None)
            if found is None:
                raise NotPossibleError(f"There is no incident {incident}.")
            if action == "note":
                if not note.strip():
                    raise NotPossibleError("A note has words.")
                kind, data = "annotated", found.note(len(found.log) + 1, note)
            else:
                kind, data = found.act(action, now, heirs), None
            if kind:
                self._tell(found, kind, person.reference(), person.name, data)

    def _tell(self, incident: Incident, kind: str, agent: dict[str, Any], who: str, data: Any = None) -> None:
        now = self._clock.now()
        called = ", ".join(person.name for person in incident.assignees) if kind not in _SAME_PEOPLE else ""
        words = str(data["content"]) if data else called
        incident.log.append({"at": now, "what": kind, "who": who, "words": words})
        self.webhooks.tell(incident.id, incident.event(kind, agent, now, data))

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
        problems = event_problems(event) if operation == "enqueue" else change_problems(event)
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
        now, action = self._clock.now(), event["event_action"]
        # An event through another integration key never touches this one's incidents.
        service = self._service(event["routing_key"])
        mine = [one for one in self._incidents if one.service == service and one.dedup_key == key and one.is_open]
        if action == "trigger" and mine:
            mine[0].alerts += 1
            return "appended"
        if action == "trigger":
            opened = Incident.of_event(len(self._incidents) + 1, key, service, event, now)
            self._incidents.append(opened)
            self._tell(opened, "triggered", service.integration(), opened.client)
            return "opened"
        if not mine:
            return "dropped"
        kind = mine[0].acknowledge(now) if action == "acknowledge" else mine[0].resolve(now)
        if kind:
            self._tell(mine[0], kind, service.integration(), mine[0].client)
        return f"{action}d"

    def _service(self, routing_key: str) -> Service:
        if routing_key not in self._services:
            self._services[routing_key] = Service.of_key(routing_key)
        return self._services[routing_key]


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _invalid(problems: list[str]) -> Response:
    return Response.of_json(400, {"status": "invalid event", "message": "Event object is invalid", "errors": problems})


def _too_many() -> Response:
    message = "Requests for this integration key are arriving too quickly. Please try again later."
    return Response.of_json(429, {"status": "throttle exceeded", "message": message})
