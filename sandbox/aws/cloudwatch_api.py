"""CloudWatch's operations that change alarms; each function takes the place of moto's method."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.cloudwatch.exceptions import InvalidFormat, InvalidParameterValue, ResourceNotFound, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from sandbox.aws.cloudwatch_alarms import ACTION_KEYS, Alarm
from sandbox.aws.cloudwatch_composite import RuleError, parse_rule
from sandbox.aws.cloudwatch_events import tell_settings
from sandbox.aws.cloudwatch_log_alarms import check_log_alarm
from sandbox.aws.cloudwatch_region import alarms_of, history_of
from sandbox.aws.cloudwatch_transitions import evaluate_region, set_by_hand
from sandbox.aws.cloudwatch_verdict import BAND_OPERATORS, OPERATORS
from sandbox.aws.metrics_insights import is_insights, read_insights
from sandbox.aws.metrics_math import names_in
from sandbox.aws.metrics_statistics import is_percentile
from sandbox.aws.metrics_values import MathError
from sandbox.aws.world import current

_STATES = ("INSUFFICIENT_DATA", "ALARM", "OK")
_TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def put_metric_alarm(self: CloudWatchResponse) -> ActionResult:
    """PutMetricAlarm."""
    settings = {key: value for key, value in self._get_params().items() if key != "Tags"}
    _check(settings)
    store_alarm(self.cloudwatch_backend, settings, self._get_param("Tags", []))
    return EmptyResult()


def put_log_alarm(self: CloudWatchResponse) -> ActionResult:
    """PutLogAlarm."""
    settings = {key: value for key, value in self._get_params().items() if key != "Tags"}
    store_alarm(self.cloudwatch_backend, check_log_alarm(settings), self._get_param("Tags", []))
    return EmptyResult()


def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    """PutCompositeAlarm; every alarm the rule names must exist."""
    settings = {key: value for key, value in self._get_params().items() if key != "Tags"}
    try:
        _, names = parse_rule(settings["AlarmRule"])
    except RuleError as error:
        raise ValidationError(str(error)) from None
    if settings.get("ActionsSuppressor"):
        periods = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
        if any(settings.get(period) is None for period in periods):
            raise ValidationError(f"{' and '.join(periods)} must be specified together with ActionsSuppressor")
        names.append(_name_of(settings["ActionsSuppressor"]))
    unknown = [name for name in names if name not in self.cloudwatch_backend.alarms]
    if unknown:
        raise ValidationError(
            f"Could not save the composite alarm as alarms [{', '.join(unknown)}] in the alarm rule do not exist"
        )
    store_alarm(self.cloudwatch_backend, settings, self._get_param("Tags", []))
    return EmptyResult()


def _check_insights(settings: dict[str, Any], expression: str) -> None:
    try:
        query = read_insights(expression)
    except MathError as error:
        raise ValidationError(str(error)) from None
    actions = [arn for key in ACTION_KEYS.values() for arn in settings.get(key) or ()]
    if query.groups and any(":autoscaling:" in arn for arn in actions):
        raise ValidationError("Auto Scaling actions are not supported for alarms on several time series")


def _name_of(written: str) -> str:
    return written.split(":", 6)[6] if written.startswith("arn:") else written


def store_alarm(backend: CloudWatchBackend, settings: dict[str, Any], tags: list[dict[str, str]]) -> Alarm:
    """Create an alarm, or overwrite the settings of an existing one, whose state stays as it is."""
    now = current().clock.now()
    alarms = alarms_of(backend)
    alarm = alarms.get(settings["AlarmName"])
    created = alarm is None
    if alarm is None:
        alarm = alarms[settings["AlarmName"]] = Alarm(settings, backend.account_id, backend.region_name, now)
    before, alarm.settings = alarm.settings, settings
    alarm.configured, alarm.looked_at = now, ()
    verb = "created" if created else "updated"
    details = {"type": "Create" if created else "Update", f"{verb}Alarm": json.loads(json.dumps(settings, default=str))}
    history_of(backend).note(alarm, now, "ConfigurationUpdate", f'Alarm "{alarm.name}" {verb}', details)
    tell_settings(alarm, "create" if created else "update", None if created else before, now)
    if tags:
        backend.tagger.tag_resource(alarm.alarm_arn, tags)
    return alarm


def _check(settings: dict[str, Any]) -> None:
    extended = settings.get("ExtendedStatistic")
    if extended and not is_percentile(extended):
        raise InvalidParameterValue(f"The value {extended} for parameter ExtendedStatistic is not supported.")
    _check_threshold(settings)
    if (settings.get("TreatMissingData") or "missing") not in _TREATMENTS:
        allowed = ", ".join(_TREATMENTS)
        raise ValidationError(f"Option {settings['TreatMissingData']} is not supported for TreatMissingData: {allowed}")
    if (settings.get("DatapointsToAlarm") or 0) > settings["EvaluationPeriods"]:
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    if settings.get("Metrics"):
        _check_metrics(settings)
    elif not (settings.get("MetricName") and settings.get("Namespace") and settings.get("Period")):
        raise ValidationError("MetricName, Namespace and Period must be specified for a metric alarm")
    elif not extended and not settings.get("Statistic"):
        raise ValidationError("One of Statistic and ExtendedStatistic must be specified")


def _check_threshold(settings: dict[str, Any]) -> None:
    operator, band = settings.get("ComparisonOperator"), settings.get("ThresholdMetricId")
    if operator in BAND_OPERATORS:
        named = [query["Id"] for query in settings.get("Metrics") or ()]
        if band not in named or settings.get("Threshold") is not None:
            raise ValidationError(f"The operator {operator} needs a ThresholdMetricId of Metrics, and no Threshold")
    elif operator not in OPERATORS:
        raise ValidationError(f"The operator {operator} is not supported for alarms")
    elif settings.get("Threshold") is None or band:
        raise ValidationError("Threshold must be specified for static threshold alarms")


def _check_metrics(settings: dict[str, Any]) -> None:
    queries = settings["Metrics"]
    if any(settings.get(key) for key in ("MetricName", "Namespace", "Period", "Statistic", "Dimensions")):
        raise ValidationError(
            "Metrics list cannot be specified together with MetricName, Dimensions, Period, Namespace, Statistic"
            " or ExtendedStatistic."
        )
    band = settings.get("ThresholdMetricId")
    returned = [query for query in queries if query.get("ReturnData") is not False and query["Id"] != band]
    if len(returned) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    expression = returned[0].get("Expression") or ""
    if is_insights(expression):
        _check_insights(settings, expression)
        return
    functions = {word for query in queries for word in names_in(query.get("Expression") or "")}
    if functions & {"SEARCH", "METRIC_COUNT"}:
        raise ValidationError("SEARCH and METRIC_COUNT are not supported in alarms")


def set_alarm_state(self: CloudWatchResponse) -> ActionResult:
    """SetAlarmState."""
    params = self._get_params()
    alarm = alarms_of(self.cloudwatch_backend).get(params["AlarmName"])
    if alarm is None:
        raise ResourceNotFound("Unknown")
    if params["StateValue"] not in _STATES:
        raise ValidationError(
            f"1 validation error detected: Value '{params['StateValue']}' at 'stateValue' failed to satisfy "
            "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
        )
    try:
        json.loads(params.get("StateReasonData") or "{}")
    except ValueError:
        raise InvalidFormat("Unknown") from None
    now = current().clock.now()
    set_by_hand(
        self.cloudwatch_backend, alarm, params["StateValue"], params["StateReason"], params.get("StateReasonData"), now
    )
    evaluate_region(self.cloudwatch_backend, now)
    return EmptyResult()


def delete_alarms(self: CloudWatchResponse) -> ActionResult:
    """DeleteAlarms; the history of a deleted alarm stays readable."""
    backend, now = self.cloudwatch_backend, current().clock.now()
    for name in self._get_param("AlarmNames", []):
        alarm = alarms_of(backend).pop(name, None)
        if alarm is not None:
            history_of(backend).note(alarm, now, "ConfigurationUpdate", f'Alarm "{name}" deleted', {"type": "Delete"})
            tell_settings(alarm, "delete", None, now)
    return EmptyResult()


def enable_alarm_actions(self: CloudWatchResponse) -> ActionResult:
    """EnableAlarmActions; an alarm already in ALARM stays silent until its next transition."""
    return _switch_actions(self, enabled=True)


def disable_alarm_actions(self: CloudWatchResponse) -> ActionResult:
    """DisableAlarmActions."""
    return _switch_actions(self, enabled=False)


def _switch_actions(self: CloudWatchResponse, enabled: bool) -> ActionResult:
    backend, now = self.cloudwatch_backend, current().clock.now()
    for name in self._get_param("AlarmNames", []):
        alarm = alarms_of(backend).get(name)
        if alarm is not None and alarm.actions_enabled != enabled:
            before, alarm.settings = alarm.settings, {**alarm.settings, "ActionsEnabled": enabled}
            alarm.configured = now
            details = {"type": "Update", "updatedAlarm": {"actionsEnabled": enabled}}
            history_of(backend).note(alarm, now, "ConfigurationUpdate", f'Alarm "{name}" updated', details)
            tell_settings(alarm, "update", before, now)
    return EmptyResult()


def put_from_another_service(self: CloudWatchBackend, name: str, description: str = "", **settings: Any) -> Alarm:
    """The way moto's own services (target tracking) make alarms: the same alarm, from their argument names."""
    wanted = {"".join(word.capitalize() for word in key.split("_")): value for key, value in settings.items() if value}
    wanted |= {"AlarmName": name, "AlarmDescription": description}
    return store_alarm(self, wanted, [])


OPERATIONS: tuple[Callable[[CloudWatchResponse], ActionResult], ...] = (
    put_metric_alarm,
    put_composite_alarm,
    put_log_alarm,
    set_alarm_state,
    delete_alarms,
    enable_alarm_actions,
    disable_alarm_actions,
)
