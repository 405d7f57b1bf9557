"""What CloudWatch publishes to an SNS topic when an alarm changes its state: the subject and the JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import botocore.session

from sandbox.aws.cloudwatch_alarms import COMPOSITE_KEYS, Alarm, Transition, stamp
from sandbox.aws.cloudwatch_evaluation import queries_of, returned_by
from sandbox.aws.metrics_queries import period_of

_LONGEST_SUBJECT = 99


@cache
def region_name(region: str) -> str:
    """The display name of a region as alarms write it: "US East (N. Virginia)", and "EU", never "Europe"."""
    for partition in botocore.session.get_session().get_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"]).replace("Europe (", "EU (")
    return region


def subject(alarm: Alarm, state: str) -> str:
    """The e-mail subject: ASCII only (anything else becomes "_") and shorter than 100 characters."""
    ending = f'" in {region_name(alarm.region)}'
    beginning = f'{state}: "'
    room = _LONGEST_SUBJECT - len(beginning) - len(ending)
    name = alarm.name if len(alarm.name) <= room else alarm.name[: room - 3] + "..."
    return "".join(letter if " " <= letter <= "~" else "_" for letter in beginning + name + ending)


def message(alarm: Alarm, change: Transition) -> str:
    """The JSON of one transition; a composite alarm names the children that brought it about."""
    series = change.contributor
    body: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.settings.get("AlarmDescription"),
        "AWSAccountId": alarm.account_id,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured),
        "NewStateValue": change.state,
        "NewStateReason": alarm.state_reason if series is None else series.state_reason,
        "StateChangeTime": stamp(change.at),
        "Region": region_name(alarm.region),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": change.old_state,
        "OKActions": alarm.actions_for("OK"),
        "AlarmActions": alarm.actions_for("ALARM"),
        "InsufficientDataActions": alarm.actions_for("INSUFFICIENT_DATA"),
    }
    if alarm.is_composite:
        del body["AlarmConfigurationUpdatedTimestamp"]
        body |= {key: alarm.settings[key] for key in COMPOSITE_KEYS if alarm.settings.get(key) is not None}
        body["TriggeringChildren"] = [
            {
                "Arn": child.alarm_arn,
                "State": {"Value": child.state_value, "Timestamp": stamp(child.state_transitioned)},
            }
            for child in change.children
        ]
    elif alarm.is_on_logs:
        query = alarm.settings["ScheduledQueryConfiguration"]
        body |= {"LogGroups": list(query.get("LogGroupIdentifiers") or ()), "QueryString": query["QueryString"]}
    else:
        body["Trigger"] = _trigger(alarm)
    if series is not None:
        body |= {"AlarmContributorId": series.id, "AlarmContributorAttributes": series.attributes}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def _trigger(alarm: Alarm) -> dict[str, Any]:
    settings = alarm.settings
    common = {
        "Period": settings.get("Period"),
        "EvaluationPeriods": settings["EvaluationPeriods"],
        "DatapointsToAlarm": settings.get("DatapointsToAlarm"),
        "ComparisonOperator": settings["ComparisonOperator"],
        "Threshold": None if settings.get("Threshold") is None else float(settings["Threshold"]),
        "ThresholdMetricId": settings.get("ThresholdMetricId"),
        "TreatMissingData": settings.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": settings.get("EvaluateLowSampleCountPercentile") or "",
    }
    for optional in ("DatapointsToAlarm", "Threshold", "ThresholdMetricId"):
        if common[optional] is None:
            del common[optional]
    if settings.get("Metrics"):
        common["Period"] = period_of(returned_by(alarm), queries_of(alarm))
        return common | {"Metrics": [_metric(query) for query in settings["Metrics"]]}
    extended = settings.get("ExtendedStatistic")
    kind = (
        {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
        if extended
        else {"StatisticType": "Statistic", "Statistic": str(settings.get("Statistic")).upper()}
    )
    return {
        "MetricName": settings["MetricName"],
        "Namespace": settings["Namespace"],
        **kind,
        "Unit": settings.get("Unit"),
        "Dimensions": _dimensions(settings.get("Dimensions") or ()),
        **common,
    }


def _metric(query: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"Id": query["Id"], "ReturnData": query.get("ReturnData") is not False}
    if query.get("Label"):
        shown["Label"] = query["Label"]
    shown |= {key: query[key] for key in ("Period", "AccountId") if query.get(key)}
    if "MetricStat" not in query:
        return {"Expression": query["Expression"], **shown}
    wanted = query["MetricStat"]
    metric = {
        "Dimensions": _dimensions(wanted["Metric"].get("Dimensions") or ()),
        "MetricName": wanted["Metric"]["MetricName"],
        "Namespace": wanted["Metric"]["Namespace"],
    }
    return {**shown, "MetricStat": {"Metric": metric, "Period": wanted["Period"], "Stat": wanted["Stat"]}}


def _dimensions(pairs: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return [{"value": pair["Value"], "name": pair["Name"]} for pair in pairs]
