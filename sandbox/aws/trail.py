"""CloudTrail's event history: who changed what in the pretend account, and when.

Every call over HTTP that changes something is in it, refused ones as well; what only reads, or moves data, is not.
AWS shows an event about five minutes after the call, the sandbox at once.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict, BaseBackend

from sandbox.aws.denied import ACCOUNT
from sandbox.aws.operations import Operation, from_cbor
from sandbox.aws.own import RefusedError, teach
from sandbox.aws.refusals import ROLE
from sandbox.aws.trail_resources import resources_of
from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

KEPT_SECONDS = 90 * 86_400.0
_KEPT = 20_000
_MOST_SHOWN = 50

PIPELINE_KEY, ALICE_KEY = "SANDBOXPIPELINE", "SANDBOXALICE"
_USERS = {PIPELINE_KEY: "deploy-pipeline", ALICE_KEY: "alice"}
"""Whose access keys these are; every other one is the bot's role."""

_READS = (
    *("Describe", "Get", "List", "Head", "BatchGet", "Lookup", "Filter", "Search", "Scan", "Query", "Simulate"),
    *("Test", "Receive", "Poll", "StartQuery", "StopQuery", "Select", "Preview", "Validate", "AssumeRole"),
)
_DATA = {
    "sqs": ("SendMessage", "DeleteMessage", "ChangeMessageVisibility"),
    "sns": ("Publish",),
    "dynamodb": ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "Transact", "Execute"),
    "s3": ("PutObject", "DeleteObject", "CopyObject", "UploadPart", "CreateMultipart", "CompleteMultipart"),
    "cloudwatch": ("PutMetricData",),
    "logs": ("PutLogEvents", "CreateLogStream"),
    "lambda": ("Invoke",),
    "xray": ("Put",),
    "events": ("PutEvents",),
    "sesv2": ("SendEmail",),
    "ses": ("SendEmail", "SendRawEmail"),
    "ecr": ("UploadLayerPart", "InitiateLayerUpload", "CompleteLayerUpload"),
}
"""Operations, by how their names begin, that move data: no trail has them unless it is told to."""

_CODE = re.compile(rb'"__type": ?"([^"]+)"|<Code>([^<]+)</Code>')
_SOURCES = {
    "cloudwatch": "monitoring",
    "application-autoscaling": "autoscaling",
    "sesv2": "ses",
    "elbv2": "elasticloadbalancing",
}


@dataclass(frozen=True)
class TrailEvent:
    """One call. ``at`` is in seconds since the epoch."""

    id: str
    at: float
    name: str
    source: str
    username: str
    access_key: str
    resources: tuple[tuple[str, str], ...]
    record: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """The event as LookupEvents has it."""
        return {
            "EventId": self.id,
            "EventName": self.name,
            "ReadOnly": "false",
            "AccessKeyId": self.access_key,
            "EventTime": self.at,
            "EventSource": self.source,
            "Username": self.username,
            "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in self.resources],
            "CloudTrailEvent": json.dumps(self.record, separators=(",", ":"), default=str),
        }


class TrailBackend(BaseBackend):
    """The history of one region, oldest first."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.events: deque[TrailEvent] = deque(maxlen=_KEPT)


trail_backends = BackendDict(TrailBackend, "cloudtrail")


def install(aws: AwsServer) -> None:
    """Answer LookupEvents; safe to repeat."""
    del aws
    teach("cloudtrail", LookupEvents=lookup_events)


def code_in(operation: Operation, answer: bytes) -> str:
    """The error's code in the answer to an operation, whatever its protocol; "" where there is none."""
    if operation.protocol == "cbor":
        return str(from_cbor(answer).get("__type") or "").rpartition("#")[2]
    found = _CODE.search(answer)
    return (found[1] or found[2]).decode().rpartition("#")[2] if found else ""


def note(operation: Operation, error: str, shown: Mapping[str, Any], now: float) -> None:
    """Write a call into the history, unless it reads or moves data.

    ``error`` is the code of its refusal, "" when it was done; ``shown`` are its parameters without secrets.
    """
    if operation.name == "?" or operation.name.startswith((*_READS, *_DATA.get(operation.service, ()))):
        return
    event_id, source = str(uuid.uuid4()), f"{_SOURCES.get(operation.service, operation.service)}.amazonaws.com"
    username, identity = _identity(operation.access_key)
    when = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": when,
        "eventSource": source,
        "eventName": operation.name,
        "awsRegion": operation.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": operation.user_agent,
        "requestParameters": dict(shown),
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": event_id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    if error:
        record["errorCode"] = error
    event = TrailEvent(
        event_id, now, operation.name, source, username, operation.access_key, resources_of(operation), record
    )
    trail_backends[current().account][operation.region].events.append(event)


def _identity(access_key: str) -> tuple[str, dict[str, Any]]:
    user = _USERS.get(access_key)
    if user is not None:
        arn = f"arn:aws:iam::{ACCOUNT}:user/{user}"
        identity = {"type": "IAMUser", "principalId": f"AIDA{user.upper()}", "arn": arn, "userName": user}
        return user, identity | {"accountId": ACCOUNT, "accessKeyId": access_key}
    role, session = ROLE.split("/")[-2:]
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "accountId": ACCOUNT, "userName": role}
    assumed: dict[str, Any] = {
        "type": "AssumedRole",
        "principalId": f"AROA{role.upper()}:{session}",
        "arn": ROLE,
        "accountId": ACCOUNT,
        "accessKeyId": access_key,
        "sessionContext": {"sessionIssuer": issuer},
    }
    return session, assumed


def lookup_events(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """LookupEvents: the last 90 days of a region, newest first, by at most one attribute."""
    attributes, now = params.get("LookupAttributes") or [], current().clock.now()
    if len(attributes) > 1 or any(each["AttributeKey"] not in _ATTRIBUTES for each in attributes):
        raise RefusedError("InvalidLookupAttributesException", "You can use at most one lookup attribute.")
    start, end = params.get("StartTime") or 0.0, params.get("EndTime") or now
    if start > end:
        raise RefusedError("InvalidTimeRangeException", "The start time must be before the end time.")
    most = params.get("MaxResults") or _MOST_SHOWN
    if not 1 <= most <= _MOST_SHOWN:
        raise RefusedError("InvalidMaxResultsException", f"MaxResults must be between 1 and {_MOST_SHOWN}.")
    first = _first(params.get("NextToken"))
    found = [
        event
        for event in reversed(trail_backends[current().account][operation.region].events)
        if max(start, now - KEPT_SECONDS) <= event.at <= end
        and all(each["AttributeValue"] in _ATTRIBUTES[each["AttributeKey"]](event) for each in attributes)
    ]
    answer: dict[str, Any] = {"Events": [event.described() for event in found[first : first + most]]}
    return answer | ({"NextToken": str(first + most)} if first + most < len(found) else {})


def _first(token: str | None) -> int:
    if token and not token.isdigit():
        raise RefusedError("InvalidNextTokenException", "The token is invalid.")
    return int(token or 0)


_ATTRIBUTES: dict[str, Any] = {
    "EventId": lambda event: (event.id,),
    "EventName": lambda event: (event.name,),
    "ReadOnly": lambda event: ("false",),
    "Username": lambda event: (event.username,),
    "EventSource": lambda event: (event.source,),
    "AccessKeyId": lambda event: (event.access_key,),
    "ResourceType": lambda event: [kind for kind, _ in event.resources],
    "ResourceName": lambda event: [name for _, name in event.resources],
}
