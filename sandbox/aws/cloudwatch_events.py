"""What CloudWatch tells EventBridge of its alarms: changes of state, of a series' state, and of settings.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from sandbox.aws.cloudwatch_alarms import Alarm, Contributor, stamp
from sandbox.aws.cloudwatch_evaluation import queries_of
from sandbox.aws.cloudwatch_suppression import mute_of, reason, suppressed_by
from sandbox.aws.events import emit, listened_to

SOURCE = "aws.cloudwatch"
State = Mapping[str, Any]
_COMPOSITE = {
    "AlarmRule": "alarmRule",
    "ActionsSuppressor": "actionsSuppressor",
    "ActionsSuppressorWaitPeriod": "actionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod": "actionsSuppressorExtensionPeriod",
}
_SETTINGS = {
    "EvaluationPeriods": "evaluationPeriods",
    "DatapointsToAlarm": "datapointsToAlarm",
    "Threshold": "threshold",
    "ThresholdMetricId": "thresholdMetricId",
    "ComparisonOperator": "comparisonOperator",
    "TreatMissingData": "treatMissingData",
}


def state_of(alarm: Alarm) -> dict[str, Any]:
    """An alarm's state as events have it; the reason's data stay a text of JSON."""
    state = {
        "value": alarm.state_value,
        "reason": alarm.state_reason,
        "reasonData": alarm.state_reason_data,
        "timestamp": stamp(alarm.state_updated),
    }
    return {key: value for key, value in state.items() if value is not None}


def tell_state(backend: CloudWatchBackend, alarm: Alarm, before: State, now: float) -> None:
    """An alarm has another state than ``before``. Whether its actions ran is told besides: muted, or suppressed."""
    if not listened_to(alarm.region):
        return
    state = state_of(alarm)
    by = suppressed_by(backend, alarm, now) if alarm.is_composite and alarm.owed else None
    if by:
        state |= {"actionsSuppressedBy": by, "actionsSuppressedReason": reason(by)}
    detail = {
        "alarmName": alarm.name,
        "state": state,
        "previousState": dict(before),
        "configuration": _configuration(alarm, alarm.settings),
    }
    _emit(alarm, "CloudWatch Alarm State Change", detail | _mute(backend, alarm, now), now)


def tell_contributor(backend: CloudWatchBackend, alarm: Alarm, series: Contributor, now: float) -> None:
    """One series of an alarm has another state."""
    if not listened_to(alarm.region):
        return
    detail = {
        "alarmName": alarm.name,
        "alarmContributor": {"id": series.id, "attributes": series.attributes},
        "state": {"value": series.state_value, "reason": series.state_reason, "timestamp": stamp(now)},
        "configuration": _configuration(alarm, alarm.settings),
    }
    _emit(alarm, "CloudWatch Alarm Contributor State Change", detail | _mute(backend, alarm, now), now)


def tell_settings(alarm: Alarm, operation: str, before: dict[str, Any] | None, now: float) -> None:
    """An alarm was created, updated (``before`` are the settings it had) or deleted."""
    if not listened_to(alarm.region):
        return
    detail = {
        "alarmName": alarm.name,
        "operation": operation,
        "state": {"value": alarm.state_value, "timestamp": stamp(alarm.state_updated)},
        "configuration": _whole_configuration(alarm, alarm.settings),
    }
    if before is not None:
        detail["previousConfiguration"] = _whole_configuration(alarm, before)
    _emit(alarm, "CloudWatch Alarm Configuration Change", detail, now)


def _emit(alarm: Alarm, kind: str, detail: dict[str, Any], now: float) -> None:
    emit(alarm.region, SOURCE, kind, [alarm.alarm_arn], detail, now)


def _mute(backend: CloudWatchBackend, alarm: Alarm, now: float) -> dict[str, Any]:
    mute = mute_of(backend, alarm, now)
    return {"muteDetail": mute.detail()} if mute is not None else {}


def _configuration(alarm: Alarm, settings: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if settings.get("AlarmDescription"):
        shown["description"] = settings["AlarmDescription"]
    if alarm.is_composite:
        return shown | {name: settings[key] for key, name in _COMPOSITE.items() if settings.get(key) is not None}
    if alarm.is_on_logs:
        query = settings["ScheduledQueryConfiguration"]
        groups = list(query.get("LogGroupIdentifiers") or ())
        return shown | {"queryString": query["QueryString"], "logGroupIdentifiers": groups}
    return shown | {"metrics": [_metric(query) for query in queries_of(Alarm(dict(settings), "", alarm.region, 0.0))]}


def _whole_configuration(alarm: Alarm, settings: Mapping[str, Any]) -> dict[str, Any]:
    shown = _configuration(alarm, settings) | {
        name: settings[key] for key, name in _SETTINGS.items() if settings.get(key) is not None
    }
    return shown | {
        "alarmName": alarm.name,
        "actionsEnabled": settings.get("ActionsEnabled") is not False,
        "timestamp": stamp(alarm.configured),
        "okActions": list(settings.get("OKActions") or ()),
        "alarmActions": list(settings.get("AlarmActions") or ()),
        "insufficientDataActions": list(settings.get("InsufficientDataActions") or ()),
    }


def _metric(query: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData") is not False}
    if query.get("Label"):
        shown["label"] = query["Label"]
    if "MetricStat" not in query:
        period = {"period": query["Period"]} if query.get("Period") else {}
        return shown | {"expression": query["Expression"]} | period
    wanted = query["MetricStat"]
    # A plain alarm's metric has an id that CloudWatch makes up.
    named = shown if query["Id"] != "m1" else shown | {"id": _made_up(wanted)}
    metric = {
        "namespace": wanted["Metric"]["Namespace"],
        "name": wanted["Metric"]["MetricName"],
        "dimensions": _dimensions(wanted["Metric"].get("Dimensions") or ()),
    }
    return named | {"metricStat": {"metric": metric, "period": wanted["Period"], "stat": wanted["Stat"]}}


def _made_up(wanted: Mapping[str, Any]) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(wanted)))


def _dimensions(pairs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {pair["Name"]: pair["Value"] for pair in pairs}
