"""Teaches moto's EventBridge what AWS's own services tell it, and that nobody else may speak in their name.

Rules of the default bus see the events; queues and topics are the targets that get them.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.events.models import EventBus, EventsBackend, Rule, events_backends
from moto.sns.models import sns_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_MOST_ENTRIES = 10
_NEEDED = ("Source", "DetailType", "Detail")
_VARIABLE = re.compile(r"(?P<before>\"?)<(?P<name>[^<>]+)>(?P<after>\"?)")
_moto_put_events = EventsBackend.put_events


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(EventsBackend, "put_events", put_events)  # noqa: B010


def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """PutEvents: what is malformed, or says that it comes from AWS, is refused entry by entry."""
    if len(events) > _MOST_ENTRIES:
        return _moto_put_events(self, events)
    return [_put(self, event) for event in events]


def _put(backend: EventsBackend, entry: Mapping[str, Any]) -> dict[str, Any]:
    missing = [name for name in _NEEDED if not entry.get(name)]
    if missing:
        words = f"Parameter {missing[0]} is not valid. Reason: {missing[0]} is a required argument."
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": words}
    if str(entry["Source"]).startswith("aws."):
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    name = str(entry.get("EventBusName") or "default").rpartition("/")[2]
    bus = backend.event_buses.get(name)
    event = _event(backend.region_name, entry["Source"], entry["DetailType"], entry.get("Resources") or (), detail)
    _tell(_enabled(bus) if bus is not None else [], event)
    return {"EventId": event["id"]}


def listened_to(region: str) -> bool:
    """Whether there is any rule that could match an event."""
    return bool(_rules(region))


def emit(
    region: str, source: str, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any], at: float
) -> None:
    """Tell the rules of a region of an event of AWS's own that happened at ``at`` (seconds since the epoch)."""
    rules = _rules(region)
    if rules:
        _tell(rules, _event(region, source, detail_type, resources, dict(detail), at))


def _event(
    region: str, source: str, detail_type: str, resources: Sequence[str], detail: Any, at: float | None = None
) -> dict[str, Any]:
    when = datetime.fromtimestamp(current().clock.now() if at is None else at, UTC)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": current().account,
        "time": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }


def _rules(region: str) -> list[Rule]:
    return _enabled(events_backends[current().account][region].event_buses["default"])


def _enabled(bus: EventBus) -> list[Rule]:
    return [rule for rule in bus.rules.values() if rule.state == "ENABLED" and rule.event_pattern.get_pattern()]


def _tell(rules: Sequence[Rule], event: dict[str, Any]) -> None:
    matched: Any = event
    for rule in rules:
        if rule.event_pattern.matches_event(matched):
            for target in rule.targets:
                _deliver(target, event)


def _deliver(target: Mapping[str, Any], event: dict[str, Any]) -> None:
    """What cannot be delivered is lost: nobody hears of it but the metrics of the rule, which the sandbox has not."""
    arn = str(target["Arn"]).split(":")
    service, region, account, name = arn[2], arn[3], arn[4], arn[-1]
    body = _body(target, event)
    if service == "sqs":
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        with suppress(QueueDoesNotExist):
            sqs_backends[account][region].send_message(name, body, group_id=group, validate_group_id=False)
    elif service == "sns":
        with suppress(ServiceException):
            sns_backends[account][region].publish(body, target["Arn"])


def _body(target: Mapping[str, Any], event: dict[str, Any]) -> str:
    """What a target is sent: the event, a part of it, or other words made of it."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(_part(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    paths = transformer.get("InputPathsMap") or {}

    def fill(found: re.Match[str]) -> str:
        if found["name"] not in paths:
            return found[0]
        value = _part(event, paths[found["name"]])
        if found["before"] and found["after"]:
            return json.dumps(value if isinstance(value, str) else json.dumps(value))
        text = value if isinstance(value, str) and (found["before"] or found["after"]) else json.dumps(value)
        return f"{found['before']}{text}{found['after']}"

    return _VARIABLE.sub(fill, transformer["InputTemplate"])


def _part(event: Any, path: str) -> Any:
    """What stands at a path such as ``$.detail.state.value``; null where nothing does."""
    for key in path.removeprefix("$").strip(".").split("."):
        if key:
            event = event.get(key) if isinstance(event, dict) else None
    return event
