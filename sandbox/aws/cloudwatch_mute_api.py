"""CloudWatch's operations on alarm mute rules as the API answers them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudwatch.exceptions import CloudWatchException, ResourceNotFoundException, ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from sandbox.aws.cloudwatch_mute import MuteRule, as_seconds
from sandbox.aws.cloudwatch_mute_schedule import ScheduleError, read_schedule
from sandbox.aws.cloudwatch_paging import page
from sandbox.aws.cloudwatch_region import alarms_of, mutes_of
from sandbox.aws.cloudwatch_transitions import evaluate_region
from sandbox.aws.world import current

MOST_RULES = 200
"""AWS refuses beyond a limit, whose number it does not document."""
_MOST_TARGETS = 100
_PAGE = 50


class LimitExceededFault(CloudWatchException):
    """There are as many as there may be."""

    code = "LimitExceeded"


def put_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
    """PutAlarmMuteRule; a rule of the same name is overwritten as a whole."""
    backend, params, now = self.cloudwatch_backend, self._get_params(), current().clock.now()
    name, schedule = params["Name"], params["Rule"]["Schedule"]
    try:
        read = read_schedule(schedule["Expression"], schedule["Duration"], schedule.get("Timezone") or "UTC")
    except ScheduleError as error:
        raise ValidationError(str(error)) from None
    if read.at is not None and (params.get("StartDate") or params.get("ExpireDate")):
        raise ValidationError("StartDate and ExpireDate cannot be specified with an at expression.")
    names = tuple(dict.fromkeys((params.get("MuteTargets") or {}).get("AlarmNames") or ()))
    if len(names) > _MOST_TARGETS:
        raise ValidationError(f"A mute rule can target up to {_MOST_TARGETS} alarms.")
    unknown = [each for each in names if each not in alarms_of(backend)]
    if unknown:
        raise ValidationError(f"The following alarms do not exist: [{', '.join(unknown)}]")
    rules = mutes_of(backend)
    if name not in rules and len(rules) >= MOST_RULES:
        raise LimitExceededFault("The maximum number of alarm mute rules has been reached.")
    arn = f"arn:aws:cloudwatch:{backend.region_name}:{backend.account_id}:alarm-mute-rule:{name}"
    rules[name] = MuteRule(
        name=name,
        arn=arn,
        schedule=read,
        written={"Schedule": {**schedule, "Timezone": schedule.get("Timezone") or "UTC"}},
        updated=now,
        description=params.get("Description"),
        alarm_names=names,
        starts=as_seconds(params.get("StartDate")),
        expires=as_seconds(params.get("ExpireDate")),
    )
    if params.get("Tags"):
        backend.tagger.tag_resource(arn, params["Tags"])
    evaluate_region(backend, now)
    return EmptyResult()


def get_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
    """GetAlarmMuteRule."""
    rule = mutes_of(self.cloudwatch_backend).get(self._get_param("AlarmMuteRuleName"))
    if rule is None:
        raise ResourceNotFoundException("The alarm mute rule does not exist.")
    return ActionResult(rule.described(current().clock.now()))


def list_alarm_mute_rules(self: CloudWatchResponse) -> ActionResult:
    """ListAlarmMuteRules."""
    backend, params, now = self.cloudwatch_backend, self._get_params(), current().clock.now()
    alarm, statuses = params.get("AlarmName"), params.get("Statuses") or ()
    found = [
        rule
        for _, rule in sorted(mutes_of(backend).items())
        if (alarm is None or alarm in rule.alarm_names) and (not statuses or rule.status(now) in statuses)
    ]
    shown, token = page(found, params.get("NextToken"), params.get("MaxRecords") or _PAGE)
    answer: dict[str, Any] = {"AlarmMuteRuleSummaries": [rule.summarized(now) for rule in shown], "NextToken": token}
    return ActionResult(answer)


def delete_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
    """DeleteAlarmMuteRule: what it held back is let go; one that does not exist is deleted already."""
    backend = self.cloudwatch_backend
    mutes_of(backend).pop(self._get_param("AlarmMuteRuleName"), None)
    evaluate_region(backend, current().clock.now())
    return EmptyResult()


OPERATIONS: tuple[Callable[[CloudWatchResponse], ActionResult], ...] = (
    put_alarm_mute_rule,
    get_alarm_mute_rule,
    list_alarm_mute_rules,
    delete_alarm_mute_rule,
)
