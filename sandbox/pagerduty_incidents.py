"""PagerDuty's incidents: what people and events do to them, and what webhooks tell of it.

https://developer.pagerduty.com/docs/webhooks/v3-overview has the shapes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

WEB = "https://sandbox.pagerduty.com"
API = "https://api.pagerduty.com"
LOW_URGENCY = ("warning", "info")
ACTIONS = ("acknowledge", "unacknowledge", "resolve", "reopen", "escalate", "reassign", "note")
"""What a person can do to an incident."""


class NotPossibleError(Exception):
    """An incident as it stands does not allow it; the message is a sentence."""


@dataclass(frozen=True)
class Person:
    """Somebody who is on call; ``slack`` is the same person's id there."""

    id: str
    name: str
    slack: str

    def reference(self) -> dict[str, Any]:
        """As webhooks name them."""
        return reference("user", "users", self.id, self.name)


PEOPLE = (
    Person("PALICE1", "Alice Novak", "U0ALICE"),
    Person("PBOB001", "Bob Ito", "U0BOB"),
    Person("PCAROL1", "Carol Mensah", "U0CAROL"),
    Person("PDAVE01", "Dave Lindqvist", "U0DAVE"),
)


@dataclass(frozen=True)
class Service:
    """What an integration key belongs to; ``levels`` are whom its escalation policy calls, one after the other."""

    id: str
    name: str
    levels: tuple[Person, ...] = PEOPLE

    @classmethod
    def of_key(cls, routing_key: str, name: str = "") -> Service:
        """The service of an integration key; one that nobody named is called by the key's last four characters."""
        short = hashlib.sha256(routing_key.encode()).hexdigest()[:6].upper()
        return cls(f"P{short}", name or f"Service of the key …{routing_key[-4:]}")

    def reference(self) -> dict[str, Any]:
        """As webhooks name it."""
        return reference("service", "services", self.id, self.name)

    def policy(self) -> dict[str, Any]:
        """Its escalation policy as webhooks name it."""
        return reference("escalation_policy", "escalation_policies", f"{self.id}E", f"{self.name}: whom to call")

    def integration(self) -> dict[str, Any]:
        """Its Events API v2 integration, which is the agent of what events do."""
        place = f"services/{self.id}/integrations"
        return reference("events_api_v2_inbound_integration", place, f"{self.id}I", "Events API V2")


@dataclass
class Incident:
    """One incident. Times are the sandbox's, in seconds since the epoch."""

    id: str
    number: int
    dedup_key: str
    service: Service
    summary: str
    severity: str
    source: str
    triggered_at: float
    key_ends: str
    status: str = "triggered"
    alerts: int = 1
    acknowledged_at: float | None = None
    resolved_at: float | None = None
    level: int = 0
    assignees: list[Person] = field(default_factory=list)
    custom_details: Any = None
    links: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    client: str = ""
    client_url: str = ""
    log: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of_event(cls, number: int, key: str, service: Service, event: Mapping[str, Any], now: float) -> Incident:
        """What a trigger event opens."""
        payload = event["payload"]
        return cls(
            id=f"Q{number:06d}PD",
            number=number,
            dedup_key=key,
            service=service,
            summary=payload["summary"],
            severity=payload["severity"],
            source=payload["source"],
            triggered_at=now,
            key_ends=event["routing_key"][-4:],
            assignees=[service.levels[0]],
            custom_details=payload.get("custom_details"),
            links=list(event.get("links") or ()),
            images=list(event.get("images") or ()),
            client=str(event.get("client") or ""),
            client_url=str(event.get("client_url") or ""),
        )

    @property
    def is_open(self) -> bool:
        """Whether events with its key still reach it."""
        return self.status != "resolved"

    def shown(self) -> dict[str, Any]:
        """For the page."""
        return asdict(self) | {"service": {"id": self.service.id, "name": self.service.name}}

    def data(self) -> dict[str, Any]:
        """``event.data`` of a webhook."""
        return {
            **reference("incident", "incidents", self.id, self.summary),
            "type": "incident",
            "number": self.number,
            "status": self.status,
            "incident_key": self.dedup_key,
            "created_at": moment(self.triggered_at, "seconds"),
            "title": self.summary,
            "service": self.service.reference(),
            "assignees": [person.reference() for person in self.assignees],
            "escalation_policy": self.service.policy(),
            "teams": [],
            "priority": None,
            "urgency": "low" if self.severity in LOW_URGENCY else "high",
            "conference_bridge": None,
            "resolve_reason": None,
        }

    def event(self, kind: str, agent: dict[str, Any] | None, now: float, data: Any = None) -> dict[str, Any]:
        """The body of a webhook; the event's id is the deliverer's to give."""
        told = data or self.data()
        if data is None:
            told.pop("summary")
        return {
            "event": {
                "event_type": f"incident.{kind}",
                "resource_type": "incident",
                "occurred_at": moment(now),
                "agent": agent,
                "client": {"name": self.client} if self.client else None,
                "data": told,
            }
        }

    def acknowledge(self, now: float) -> str:
        """Somebody works on it; the kind of event, or nothing where it was acknowledged before."""
        if self.status == "acknowledged":
            return ""
        self.status = "acknowledged"
        self.acknowledged_at = self.acknowledged_at or now
        return "acknowledged"

    def resolve(self, now: float) -> str:
        """It is over."""
        self.status, self.resolved_at, self.assignees = "resolved", now, []
        return "resolved"

    def act(self, action: str, now: float, to: Sequence[Person] = ()) -> str:
        """What a person does, but for notes; the kind of event, or nothing. Raises NotPossibleError."""
        if action == "reopen":
            if self.is_open:
                raise NotPossibleError("It is open.")
            self.status, self.resolved_at, self.level = "triggered", None, 0
            self.assignees = [self.service.levels[0]]
            return "reopened"
        if not self.is_open:
            raise NotPossibleError("It is resolved.")
        if action in ("acknowledge", "resolve"):
            return self.acknowledge(now) if action == "acknowledge" else self.resolve(now)
        if action == "unacknowledge":
            if self.status != "acknowledged":
                raise NotPossibleError("Nobody acknowledged it.")
            self.status = "triggered"
            return "unacknowledged"
        if action == "escalate":
            if self.level + 1 >= len(self.service.levels):
                raise NotPossibleError("There is nobody above the last level of its escalation policy.")
            self.level += 1
            to = (self.service.levels[self.level],)
        elif not to:
            raise NotPossibleError("Say who is to have it.")
        # Whoever is called now has acknowledged nothing yet.
        self.status, self.assignees = "triggered", list(to)
        return "escalated" if action == "escalate" else "reassigned"

    def note(self, number: int, content: str) -> dict[str, Any]:
        """``event.data`` of a note."""
        held = reference("incident", "incidents", self.id, self.summary)
        return {
            "incident": held,
            "id": f"PNOTE{number:03d}",
            "content": content,
            "trimmed": False,
            "type": "incident_note",
        }


def reference(kind: str, place: str, ref_id: str, summary: str) -> dict[str, Any]:
    """How PagerDuty names a thing of its own."""
    return {
        "html_url": f"{WEB}/{place}/{ref_id}",
        "id": ref_id,
        "self": f"{API}/{place}/{ref_id}",
        "summary": summary,
        "type": f"{kind}_reference",
    }


def moment(at: float, spec: str = "milliseconds") -> str:
    """As PagerDuty writes times: "2026-11-25T21:00:00.123Z"."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def person_of(user: str) -> Person:
    """By the id in Slack or in PagerDuty. Raises NotPossibleError."""
    found = next((person for person in PEOPLE if user in (person.slack, person.id)), None)
    if found is None:
        raise NotPossibleError(f"PagerDuty knows nobody called {user}.")
    return found
