"""Any text → an ``Alarm``. Nothing here raises: what cannot be read as an alarm is kept as it is.

The shapes, as seen on real topics: metric, metric math, anomaly detection, composite, one contributor of a
multi-series alarm, log alarm; the same as EventBridge events; ECS's own events; and beside them prose (Budgets),
CodeDeploy, Auto Scaling and whatever else people publish.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from bot.domain import Alarm, AlarmState
from bot.intake.delivery import storable
from bot.intake.ecs import alarms_of
from bot.intake.fields import MAX_TEXT, described, finite, json_object, mapping, moment, prose, words
from bot.intake.metric import metric_of

MAX_RAW = 16_384
"""Bytes kept of a text that is no alarm."""

_MAX_TITLE, _MAX_SERIES = 150, 200
_STATE_CHANGES = (
    "CloudWatch Alarm State Change",
    "CloudWatch Alarm Contributor State Change",
)
_COMPARISONS = {
    "greater than": "GreaterThanThreshold",
    "greater than or equal to": "GreaterThanOrEqualToThreshold",
    "less than": "LessThanThreshold",
    "less than or equal to": "LessThanOrEqualToThreshold",
}


def alarms_from(text: str, subject: str, topic: str, at: float) -> tuple[Alarm, ...]:
    """The alarms a message tells of, nearly always one; never none.

    What is no alarm is one with ``state`` None, a title as ``name`` and the text as ``raw``. ``subject`` and ``topic``
    (an ARN) may be empty; ``at`` (seconds since the epoch) is used when the message names no time. The subject is never
    read for facts: SNS cuts it and turns it into ASCII.
    """
    subject, topic, document = storable(subject), storable(topic), json_object(text)
    # A message forwarded from topic to topic, or by EventBridge to a topic, is an envelope within an envelope.
    if isinstance(document.get("Message"), str) and isinstance(document.get("TopicArn"), str):
        inner = json_object(document["Message"])
        topic, document = (words(document["TopicArn"]), inner) if inner else (topic, document)
    alarm = _from_event(document, topic, at) or _from_notification(document, topic, at)
    if alarm is not None:
        return (alarm,)
    return alarms_of(document, topic, at) or (unreadable(text, subject, topic, at, document),)


def alarm_from(text: str, subject: str, topic: str, at: float) -> Alarm:
    """The first alarm a message tells of."""
    return alarms_from(text, subject, topic, at)[0]


def _from_notification(document: Mapping[str, Any], topic: str, at: float) -> Alarm | None:
    """An alarm in the words of CloudWatch's SNS action."""
    state, name = (
        _state(document.get("NewStateValue")),
        words(document.get("AlarmName"), 255),
    )
    if state is None or not name:
        return None
    contributor, attributes = _contributor(document)
    region, account, arn = _place(document.get("AlarmArn"), topic, name, words(document.get("AWSAccountId"), 20))
    return Alarm(
        arn=arn,
        name=name,
        state=state,
        previous=_state(document.get("OldStateValue")),
        reason=prose(document.get("NewStateReason")),
        description=_description(document),
        at=moment(document.get("StateChangeTime"), at),
        account=account,
        region=region,
        metric=metric_of(mapping(document.get("Trigger")), attributes),
        contributor=contributor,
        series=series_of(attributes),
        children=_arns(document.get("TriggeringChildren")),
        topic=topic,
    )


def _from_event(document: Mapping[str, Any], topic: str, at: float) -> Alarm | None:
    """An alarm as EventBridge tells it; the region is a code there."""
    if document.get("detail-type") not in _STATE_CHANGES:
        return None
    detail = mapping(document.get("detail"))
    now, before = mapping(detail.get("state")), mapping(detail.get("previousState"))
    configuration = mapping(detail.get("configuration"))
    state, name = _state(now.get("value")), words(detail.get("alarmName"), 255)
    if state is None or not name:
        return None
    resources = document.get("resources")
    arn = next((one for one in resources if _is_alarm(one)), "") if isinstance(resources, list) else ""
    place = f"arn:aws:events:{words(document.get('region'), 40)}:{words(document.get('account'), 20)}:"
    region, account, arn = _place(arn, place, name, "")
    reason_data = json_object(words(now.get("reasonData"), 100_000))
    contributor, attributes = _contributor(detail)
    limit = {"Threshold": reason_data.get("threshold"), "ComparisonOperator": _comparison(words(now.get("reason")))}
    return Alarm(
        arn=arn,
        name=name,
        state=state,
        previous=_state(before.get("value")),
        reason=prose(now.get("reason")),
        description=_description(configuration),
        at=moment(now.get("timestamp"), moment(document.get("time"), at)),
        account=account,
        region=region,
        metric=metric_of({**limit, **configuration}, attributes),
        contributor=contributor,
        series=series_of(attributes),
        children=_arns(reason_data.get("triggeringAlarms")),
        topic=topic,
        source="event",
    )


def unreadable(
    text: str, subject: str, topic: str, at: float, document: Mapping[str, Any] = MappingProxyType({})
) -> Alarm:
    """An Alarm without state: the text as it came but for secrets, and a title.

    Of ``document`` is taken only what a title can be made of.
    """
    subject, topic = prose(subject), storable(topic)
    kept = prose(text, MAX_RAW).encode()[:MAX_RAW].decode(errors="ignore")
    titles: Iterable[str] = (
        subject,
        prose(document.get("detail-type")),
        prose(document.get("AlarmName")),
        kept[:2_000],
    )
    title = next(
        (line.strip() for title in titles for line in title.splitlines() if line.strip()),
        "Empty notification",
    )
    parts = [*topic.split(":", 5), "", "", "", "", ""]
    return Alarm(
        arn="",
        name=storable(title)[:_MAX_TITLE],
        state=None,
        at=finite(at),
        account=parts[4],
        region=parts[3],
        topic=topic,
        raw=kept,
    )


def _comparison(reason: str) -> str | None:
    """How the value was compared with the threshold: EventBridge's event has it in the words of the reason only."""
    return next((operator for said, operator in _COMPARISONS.items() if f"{said} the threshold" in reason), None)


def _place(arn: object, other: str, name: str, account: str) -> tuple[str, str, str]:
    """Region code, account and ARN of an alarm.

    ``Region`` in the message is a display name ("EU (Ireland)"), so the code comes from the alarm's ARN, else from
    the other ARN (the topic's). Names contain colons at most after the sixth, and spaces and anything else raw.
    """
    if _is_alarm(arn):
        parts = words(arn, 1_600).split(":", 6)
        return parts[3], account or parts[4], ":".join(parts)
    parts = [*words(other, 1_600).split(":", 5), "", "", "", "", ""]
    partition, region, owner = parts[1] or "aws", parts[3], account or parts[4]
    return region, owner, f"arn:{partition}:cloudwatch:{region}:{owner}:alarm:{name}"


def _is_alarm(arn: object) -> bool:
    parts = arn.split(":", 6) if isinstance(arn, str) else []
    return len(parts) == 7 and parts[0] == "arn" and parts[2] == "cloudwatch" and parts[5] == "alarm"


def _contributor(document: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Which series of a multi-series alarm this is about, and what describes it.

    CloudWatch notifies per contributor under one alarm name. EventBridge documents ``alarmContributor: {id,
    attributes}``; SNS's spelling is not documented, so keys are matched loosely.
    """
    keys = {key.lower().removeprefix("alarm"): value for key, value in document.items() if "ontributor" in key}
    if not keys:
        return "", {}
    both = mapping(keys.get("contributor"))
    identity = words(keys.get("contributorid") or both.get("id") or both.get("ContributorId"), 1_024)
    described = keys.get("contributorattributes") or both.get("attributes") or both.get("ContributorAttributes")
    attributes = {
        words(key, 255): words(value, 1_024)
        for key, value in list(mapping(described).items())[:30]
        if isinstance(value, str)
    }
    return identity or ", ".join(f"{key}={attributes[key]}" for key in sorted(attributes)), attributes


def series_of(attributes: Mapping[str, str]) -> str:
    """Which series of a multi-series alarm it is, as people read it; nothing for an alarm of one."""
    return prose(", ".join(f"{key}={attributes[key]}" for key in sorted(attributes)), _MAX_SERIES) if attributes else ""


def _description(document: Mapping[str, Any]) -> str:
    """The alarm's own words and, for a log alarm, what it searches where; it has no metric to show."""
    lines = [described(document.get("AlarmDescription") or document.get("description"))]
    groups = document.get("LogGroups")
    if isinstance(groups, list) and groups:
        lines.append("Log groups: " + ", ".join(prose(one, 512) for one in groups[:50] if isinstance(one, str)))
    if query := prose(document.get("QueryString"), 2_000):
        lines.append(f"Query: {query}")
    return "\n".join(line for line in lines if line)[:MAX_TEXT]


def _arns(children: object) -> tuple[str, ...]:
    """The ARNs of a composite alarm's children that caused it, as either door spells them."""
    found = children if isinstance(children, list) else []
    arns = (mapping(child).get("Arn") or mapping(child).get("arn") for child in found[:100])
    return tuple(words(arn, 1_600) for arn in arns if isinstance(arn, str))


def _state(value: object) -> AlarmState | None:
    return AlarmState(value) if isinstance(value, str) and value in AlarmState.__members__.values() else None
