"""CloudWatch's operations that tell of alarms; each function takes the place of moto's method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFoundException, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_composite import parse_rule
from sandbox.aws.cloudwatch_history import KEPT_SECONDS, OF_CONTRIBUTORS, HistoryItem
from sandbox.aws.cloudwatch_paging import page
from sandbox.aws.cloudwatch_region import alarms_of, history_of
from sandbox.aws.cloudwatch_suppression import reason, suppressed_by
from sandbox.aws.cloudwatch_transitions import evaluate_region
from sandbox.aws.metrics_store import series_key
from sandbox.aws.world import current

_MOST_ALARMS = 100
_USUAL_PAGE = 50
_TOLD_OF_PARENTS = ("AlarmName", "AlarmArn")
_TOLD_OF_CHILDREN = (*_TOLD_OF_PARENTS, "StateValue", "StateUpdatedTimestamp")


def describe_alarms(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarms; all given filters apply together, and composite and log alarms come only when asked for.

    Of the parents or children of an alarm only a few fields are told, whatever their kind.
    """
    backend, params, now = self.cloudwatch_backend, self._get_params(), current().clock.now()
    evaluate_region(backend, now)
    related = [key for key in ("ChildrenOfAlarmName", "ParentsOfAlarmName") if params.get(key)]
    if related and set(params) - {*related[:1], "MaxRecords", "NextToken"}:
        raise ValidationError(f"{related[0]} can only be combined with MaxRecords and NextToken")
    if related:
        found, told = _related(backend, related[0], params[related[0]])
    else:
        found, told = _filtered(backend, params), ()
    shown, token = page(found, params.get("NextToken"), params.get("MaxRecords") or _USUAL_PAGE)
    result: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": [], "LogAlarms": [], "NextToken": token}
    for alarm in shown:
        described = _described(backend, alarm, now)
        result[f"{alarm.kind}s"].append({key: described[key] for key in told} if told else described)
    return ActionResult(result)


def _filtered(backend: CloudWatchBackend, params: dict[str, Any]) -> list[Alarm]:
    names, kinds = set(params.get("AlarmNames") or ()), params.get("AlarmTypes") or ["MetricAlarm"]
    state, prefix = params.get("StateValue"), params.get("AlarmNamePrefix") or ""
    action = params.get("ActionPrefix") or ""
    return [
        alarm
        for _, alarm in sorted(alarms_of(backend).items())
        if alarm.kind in kinds
        and alarm.name.startswith(prefix)
        and (not names or alarm.name in names)
        and state in (None, alarm.state_value)
        and (not action or any(arn.startswith(action) for arn in alarm.all_actions()))
    ]


def _related(backend: CloudWatchBackend, how: str, name: str) -> tuple[list[Alarm], tuple[str, ...]]:
    """The alarms of a composite alarm's rule, or the composite alarms that name an alarm."""
    alarms = alarms_of(backend)
    if how == "ChildrenOfAlarmName":
        alarm = alarms.get(name)
        names = _named_by(alarm) if alarm is not None else []
        return [alarms[each] for each in sorted(set(names)) if each in alarms], _TOLD_OF_CHILDREN
    return [each for _, each in sorted(alarms.items()) if name in _named_by(each)], _TOLD_OF_PARENTS


def _named_by(alarm: Alarm) -> list[str]:
    return parse_rule(alarm.settings["AlarmRule"])[1] if alarm.is_composite else []


def _described(backend: CloudWatchBackend, alarm: Alarm, now: float) -> dict[str, Any]:
    by = suppressed_by(backend, alarm, now) if alarm.is_composite and alarm.owed else None
    shown = alarm.described()
    return shown | ({"ActionsSuppressedBy": by, "ActionsSuppressedReason": reason(by)} if by else {})


def describe_alarms_for_metric(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmsForMetric: the alarms on exactly this metric."""
    backend = self.cloudwatch_backend
    evaluate_region(backend, current().clock.now())
    params = self._get_params()
    wanted = series_key(params["Namespace"], params["MetricName"], params.get("Dimensions") or ())
    found = []
    for _, alarm in sorted(alarms_of(backend).items()):
        settings = alarm.settings
        if not settings.get("MetricName"):
            continue
        same = series_key(settings["Namespace"], settings["MetricName"], settings.get("Dimensions") or ()) == wanted
        keys = ("Statistic", "ExtendedStatistic", "Period", "Unit")
        if same and all(params.get(key) in (None, settings.get(key)) for key in keys):
            found.append(alarm.described())
    return ActionResult({"MetricAlarms": found})


def describe_alarm_contributors(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmContributors: the time series that are in ALARM now."""
    backend, params = self.cloudwatch_backend, self._get_params()
    evaluate_region(backend, current().clock.now())
    alarm = alarms_of(backend).get(params["AlarmName"])
    if alarm is None:
        raise ResourceNotFoundException("The alarm does not exist.")
    found = [each.described() for each in alarm.contributors.values() if each.state_value == "ALARM"]
    shown, token = page(found, params.get("NextToken"), _MOST_ALARMS)
    return ActionResult({"AlarmContributors": list(shown), "NextToken": token})


def describe_alarm_history(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmHistory; without AlarmTypes only metric alarms are told of.

    What befell contributors is told when it is asked for: by one of its types, or by a contributor.
    """
    backend, params, now = self.cloudwatch_backend, self._get_params(), current().clock.now()
    evaluate_region(backend, now)
    of_contributors = bool(params.get("AlarmContributorId")) or params.get("HistoryItemType") in OF_CONTRIBUTORS
    if of_contributors and not params.get("AlarmName"):
        raise ValidationError("AlarmName must be specified for the history of alarm contributors")
    found = [item for item in history_of(backend) if item.at >= now - KEPT_SECONDS and _is_wanted(item, params)]
    if params.get("ScanBy") != "TimestampAscending":
        found.reverse()
    shown, token = page(found, params.get("NextToken"), params.get("MaxRecords") or _MOST_ALARMS)
    return ActionResult({"AlarmHistoryItems": [item.described() for item in shown], "NextToken": token})


def _is_wanted(item: HistoryItem, params: dict[str, Any]) -> bool:
    start, end = params.get("StartDate"), params.get("EndDate")
    kind, contributor = params.get("HistoryItemType"), params.get("AlarmContributorId")
    of_contributors = bool(contributor) or kind in OF_CONTRIBUTORS
    return (
        item.alarm_type in (params.get("AlarmTypes") or ["MetricAlarm"])
        and params.get("AlarmName") in (None, item.alarm_name)
        and kind in (None, item.kind)
        and (item.kind in OF_CONTRIBUTORS) == of_contributors
        and contributor in (None, item.contributor_id)
        and (start is None or item.at >= start.timestamp())
        and (end is None or item.at <= end.timestamp())
    )


OPERATIONS: tuple[Callable[[CloudWatchResponse], ActionResult], ...] = (
    describe_alarms,
    describe_alarms_for_metric,
    describe_alarm_contributors,
    describe_alarm_history,
)
