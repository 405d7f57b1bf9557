"""Alarms in motion: evaluation, changes of state, and the actions a change runs.

A state set by hand (SetAlarmState) stays until the alarm's metric receives data again; the next evaluation then
decides. CloudWatch itself re-evaluates at once and may put the old state back within seconds; holding on for
as long as nothing new is known is the same thing for an alarm without data, and predictable for one with.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends

from sandbox.aws.cloudwatch_alarms import Alarm, AlarmHistory, moment
from sandbox.aws.cloudwatch_composite import parse_rule
from sandbox.aws.cloudwatch_evaluation import evaluate, revision
from sandbox.aws.cloudwatch_notification import message, subject
from sandbox.aws.metrics_store import MetricStore

_DEEPEST_NESTING = 10
_turn = threading.RLock()


def metrics_of(backend: CloudWatchBackend) -> MetricStore:
    """The region's metric data; it lives in the backend's attributes, so that a reset of moto empties it."""
    store: MetricStore = backend.__dict__.setdefault("sandbox_metrics", MetricStore())
    return store


def history_of(backend: CloudWatchBackend) -> AlarmHistory:
    """The region's alarm history."""
    history: AlarmHistory = backend.__dict__.setdefault("sandbox_history", AlarmHistory())
    return history


def alarms_of(backend: CloudWatchBackend) -> dict[str, Alarm]:
    """The region's alarms by name."""
    alarms: dict[str, Any] = backend.alarms
    return alarms


def evaluate_everywhere(now: float) -> None:
    """Evaluate every alarm of every account and region at ``now`` (seconds since the epoch)."""
    for account in list(cloudwatch_backends.values()):
        for backend in list(account.values()):
            evaluate_region(backend, now)


def evaluate_region(backend: CloudWatchBackend, now: float) -> None:
    """Evaluate the alarms of one region, composite ones after the metric alarms they are made of."""
    if not backend.alarms:
        return
    with _turn:
        alarms = list(alarms_of(backend).values())
        for alarm in alarms:
            if not alarm.is_composite:
                _evaluate_metric_alarm(backend, alarm, now)
        composites = [alarm for alarm in alarms if alarm.is_composite]
        for _ in range(_DEEPEST_NESTING):
            moved = [_evaluate_composite(backend, alarm, now) for alarm in composites]
            if not any(moved):
                break


def _evaluate_metric_alarm(backend: CloudWatchBackend, alarm: Alarm, now: float) -> None:
    store = metrics_of(backend)
    if alarm.held_at_revision is not None:
        if revision(alarm, store) == alarm.held_at_revision:
            return
        alarm.held_at_revision = None
    verdict = evaluate(alarm, store, now)
    if verdict is not None and verdict.state != alarm.state_value:
        change_state(backend, alarm, verdict.state, verdict.reason, json.dumps(verdict.evidence), now)


def _evaluate_composite(backend: CloudWatchBackend, alarm: Alarm, now: float) -> bool:
    alarms = alarms_of(backend)
    rule, _ = parse_rule(alarm.settings["AlarmRule"])
    outcome = rule(lambda name: alarms[name].state_value if name in alarms else "INSUFFICIENT_DATA")
    state = "ALARM" if outcome.holds else "OK"
    if state == alarm.state_value:
        return False
    children = [alarms[name] for name in outcome.because if name in alarms]
    children.sort(key=lambda child: child.state_transitioned, reverse=True)
    reason = "Alarm rule evaluated"
    if children:
        cause = children[0]
        when = f"{moment(cause.state_transitioned):%A %d %B, %Y %H:%M:%S UTC}"
        reason = f"{cause.alarm_arn} transitioned to {cause.state_value} at {when}"
    evidence = {
        "triggeringAlarms": [{"arn": child.alarm_arn, "state": {"value": child.state_value}} for child in children]
    }
    change_state(backend, alarm, state, reason, json.dumps(evidence), now, children)
    return True


def set_by_hand(
    backend: CloudWatchBackend, alarm: Alarm, state: str, reason: str, reason_data: str | None, now: float
) -> None:
    """SetAlarmState: change the state (running its actions when it is another one) and hold it for a while."""
    with _turn:
        if not alarm.is_composite:
            alarm.held_at_revision = revision(alarm, metrics_of(backend))
        if state == alarm.state_value:
            alarm.state_reason, alarm.state_reason_data, alarm.state_updated = reason, reason_data, now
        else:
            change_state(backend, alarm, state, reason, reason_data, now)


def change_state(
    backend: CloudWatchBackend,
    alarm: Alarm,
    state: str,
    reason: str,
    reason_data: str | None,
    now: float,
    children: list[Alarm] | None = None,
) -> None:
    """Move an alarm to another state, write it into the history and run the new state's actions."""
    old = {"stateValue": alarm.state_value, "stateReason": alarm.state_reason}
    alarm.state_value, alarm.state_reason, alarm.state_reason_data = state, reason, reason_data
    alarm.state_updated = alarm.state_transitioned = now
    new: dict[str, Any] = {"stateValue": state, "stateReason": reason}
    if reason_data:
        new["stateReasonData"] = json.loads(reason_data)
    summary = f"Alarm updated from {old['stateValue']} to {state}"
    history_of(backend).note(alarm, now, "StateUpdate", summary, {"oldState": old, "newState": new})
    if alarm.actions_enabled:
        for arn in alarm.actions_for(state):
            _run(backend, alarm, arn, old["stateValue"], now, children or [])


def _run(backend: CloudWatchBackend, alarm: Alarm, arn: str, old_state: str, now: float, children: list[Alarm]) -> None:
    failure = None
    if arn.split(":")[2:3] == ["sns"]:
        topics = sns_backends[alarm.account_id][arn.split(":")[3]]
        try:
            topics.publish(message(alarm, old_state, children), arn, subject=subject(alarm))
        except ServiceException as error:
            failure = error.message
    details: dict[str, Any] = {
        "actionState": "Failed" if failure else "Succeeded",
        "stateUpdateTimestamp": int(now * 1000),
        "notificationResource": arn,
        "error": failure,
    }
    done = (
        f"Failed to execute action {arn}. Received error: {failure}"
        if failure
        else f"Successfully executed action {arn}"
    )
    history_of(backend).note(alarm, now, "Action", done, details)
