"""Running an alarm's actions when it changes its state, or holding them back until they may run.

What was held back runs when nothing holds any more, if the alarm is still in the state that it had changed to.
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends

from sandbox.aws.cloudwatch_alarms import Alarm, Transition
from sandbox.aws.cloudwatch_notification import message, subject
from sandbox.aws.cloudwatch_region import history_of
from sandbox.aws.cloudwatch_suppression import Hold, hold


def act(backend: CloudWatchBackend, alarm: Alarm, change: Transition, now: float) -> None:
    """Run the actions of a change at ``now`` (seconds since the epoch), unless something keeps them from it."""
    key = _key(change)
    alarm.owed.pop(key, None)
    actions = _actions(alarm, change)
    if not alarm.actions_enabled or not actions:
        return
    held = hold(backend, alarm, now)
    if held is None:
        for arn in actions:
            _run(backend, alarm, arn, change, now)
        return
    alarm.owed[key] = change
    for arn in actions:
        _note(backend, alarm, arn, change, now, held)


def release(backend: CloudWatchBackend, alarm: Alarm, now: float) -> None:
    """Run what was held back and may run now; what another state has overtaken is forgotten."""
    if not alarm.owed or hold(backend, alarm, now) is not None:
        return
    owed, alarm.owed = alarm.owed, {}
    for change in owed.values():
        of = alarm if change.contributor is None else alarm.contributors.get(change.contributor.id)
        state = of.state_value if of is not None else "OK"
        if alarm.actions_enabled and state == change.state:
            for arn in _actions(alarm, change):
                _run(backend, alarm, arn, change, now)


def _key(change: Transition) -> str:
    return change.contributor.id if change.contributor is not None else ""


def _actions(alarm: Alarm, change: Transition) -> list[str]:
    """An alarm that watches many series tells topics and functions of each series, and all others of itself."""
    arns = alarm.actions_for(change.state)
    if not alarm.watches_many:
        return arns
    told_of_series = [arn for arn in arns if _service(arn) in ("sns", "lambda")]
    return told_of_series if change.contributor is not None else [arn for arn in arns if arn not in told_of_series]


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") > 2 else ""


def _run(backend: CloudWatchBackend, alarm: Alarm, arn: str, change: Transition, now: float) -> None:
    failure, published = None, None
    if _service(arn) == "sns":
        topics = sns_backends[alarm.account_id][arn.split(":")[3]]
        published = message(alarm, change)
        try:
            topics.publish(published, arn, subject=subject(alarm, change.state))
        except ServiceException as error:
            failure = error.message
    details: dict[str, Any] = {
        "actionState": "Failed" if failure else "Succeeded",
        "stateUpdateTimestamp": int(change.at * 1000),
        "notificationResource": arn,
        "publishedMessage": published,
        "error": failure,
    }
    done = f"Successfully executed action {arn}"
    if failure:
        done = f"Failed to execute action {arn}. Received error: {failure}"
    kind = "Action" if change.contributor is None else "AlarmContributorAction"
    history_of(backend).note(alarm, now, kind, done, details, change.contributor)


def _note(backend: CloudWatchBackend, alarm: Alarm, arn: str, change: Transition, now: float, held: Hold) -> None:
    details = {
        "actionState": held.state,
        "stateUpdateTimestamp": int(change.at * 1000),
        "notificationResource": arn,
        **held.details,
    }
    kind = "Action" if change.contributor is None else "AlarmContributorAction"
    words = f"Did not execute action {arn}: {held.words}"
    history_of(backend).note(alarm, now, kind, words, details, change.contributor)
