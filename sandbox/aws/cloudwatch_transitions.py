"""Alarms in motion: evaluation and changes of state.

A state set by hand (SetAlarmState) stays until the alarm's metric receives data again; the next evaluation then
decides. CloudWatch itself re-evaluates at once and may put the old state back within seconds; holding on for
as long as nothing new is known is the same thing for an alarm without data, and predictable for one with.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from sandbox.aws.cloudwatch_actions import act, release
from sandbox.aws.cloudwatch_alarms import INITIAL_REASON, Alarm, Transition, moment, stamp
from sandbox.aws.cloudwatch_composite import parse_rule
from sandbox.aws.cloudwatch_contributors import move_contributors, series_of_query, series_of_runs, state_over
from sandbox.aws.cloudwatch_evaluation import evaluate, revision
from sandbox.aws.cloudwatch_events import state_of, tell_contributor, tell_state
from sandbox.aws.cloudwatch_log_alarms import judge_runs, run_due
from sandbox.aws.cloudwatch_region import alarms_of, history_of, metrics_of

_DEEPEST_NESTING = 10
_LONGEST_EVIDENCE = 4_000
_SHORTEST_PERIOD = 10.0
_turn = threading.RLock()


def evaluate_everywhere(now: float) -> None:
    """Evaluate every alarm of every account and region at ``now`` (seconds since the epoch)."""
    for account in list(cloudwatch_backends.values()):
        for backend in list(account.values()):
            evaluate_region(backend, now)


def evaluate_region(backend: CloudWatchBackend, now: float) -> None:
    """Evaluate the alarms of one region, composite ones after the metric alarms they are made of.

    Then run the actions that were held back and may run now.
    """
    if not backend.alarms:
        return
    with _turn:
        alarms = list(alarms_of(backend).values())
        for alarm in alarms:
            if not alarm.is_composite:
                _evaluate_alarm(backend, alarm, now)
        composites = [alarm for alarm in alarms if alarm.is_composite]
        for _ in range(_DEEPEST_NESTING):
            moved = [_evaluate_composite(backend, alarm, now) for alarm in composites]
            if not any(moved):
                break
        for alarm in alarms:
            release(backend, alarm, now)


def _evaluate_alarm(backend: CloudWatchBackend, alarm: Alarm, now: float) -> None:
    if alarm.is_on_logs:
        run_due(backend, alarm, now)
    elif not _may_have_changed(backend, alarm, now):
        return
    if alarm.held_at_revision is not None:
        if _revision(backend, alarm) == alarm.held_at_revision:
            return
        alarm.held_at_revision = None
    if alarm.watches_many:
        _evaluate_series(backend, alarm, now)
        return
    verdict = judge_runs(alarm, now) if alarm.is_on_logs else evaluate(alarm, metrics_of(backend), now)
    if verdict is not None and verdict.state != alarm.state_value:
        change_state(backend, alarm, verdict.state, verdict.reason, json.dumps(verdict.evidence), now)


def _may_have_changed(backend: CloudWatchBackend, alarm: Alarm, now: float) -> bool:
    """False while there is no new data, and no new period has begun: what was found then would be found again."""
    seen = (metrics_of(backend).revision, now // _SHORTEST_PERIOD, alarm.configured, alarm.state_value)
    if alarm.looked_at == seen:
        return False
    alarm.looked_at = seen
    return True


def _revision(backend: CloudWatchBackend, alarm: Alarm) -> int:
    return alarm.log_runs.count if alarm.is_on_logs else revision(alarm, metrics_of(backend))


def _evaluate_series(backend: CloudWatchBackend, alarm: Alarm, now: float) -> None:
    """Each series first, then the alarm over them, which is red while one of them is."""
    if alarm.is_on_logs and not alarm.log_runs.answers:
        return
    found = series_of_runs(alarm) if alarm.is_on_logs else series_of_query(alarm, metrics_of(backend), now)
    for contributor, old_state in move_contributors(alarm, found, now):
        new = {"stateValue": contributor.state_value, "stateReason": contributor.state_reason}
        summary = f"Alarm contributor updated from {old_state} to {contributor.state_value}"
        kind = "AlarmContributorStateUpdate"
        history_of(backend).note(alarm, now, kind, summary, {"newState": new}, contributor)
        act(backend, alarm, Transition(old_state, contributor.state_value, now, contributor=contributor), now)
        tell_contributor(backend, alarm, contributor, now)
    verdict = state_over(alarm)
    if verdict is None:
        return
    state, reason = verdict
    if state != alarm.state_value:
        change_state(backend, alarm, state, reason, None, now)
    elif reason != alarm.state_reason:
        before = _told(alarm.state_value, alarm.state_reason, None)
        alarm.state_reason, alarm.state_updated = reason, now
        details = {"oldState": before, "newState": _told(state, reason, None)}
        history_of(backend).note(alarm, now, "StateUpdate", f"Alarm updated: {reason}", details)


def _evaluate_composite(backend: CloudWatchBackend, alarm: Alarm, now: float) -> bool:
    alarms = alarms_of(backend)
    rule, names = parse_rule(alarm.settings["AlarmRule"])
    outcome = rule(lambda name: alarms[name].state_value if name in alarms else "INSUFFICIENT_DATA")
    state = "ALARM" if outcome.holds else "OK"
    if state == alarm.state_value:
        return False
    children = [alarms[name] for name in outcome.because if name in alarms]
    children.sort(key=lambda child: child.state_transitioned, reverse=True)
    if alarm.state_reason == INITIAL_REASON:
        reason = f"{alarm.alarm_arn} was created and its alarm rule evaluates to {state}"
        told = [alarms[name] for name in dict.fromkeys(names) if name in alarms]
    else:
        reason, told = "Alarm rule evaluated", children
    if children and alarm.state_reason != INITIAL_REASON:
        cause = children[0]
        when = f"{moment(cause.state_transitioned):%A %d %B, %Y %H:%M:%S UTC}"
        reason = f"{cause.alarm_arn} transitioned to {cause.state_value} at {when}"
    change_state(backend, alarm, state, reason, _evidence(told), now, children)
    return True


def _evidence(children: list[Alarm]) -> str:
    """The StateReasonData of a composite alarm; it names as many of its children as it has room for."""
    named = [
        {"arn": child.alarm_arn, "state": {"value": child.state_value, "timestamp": stamp(child.state_transitioned)}}
        for child in children
    ]
    while True:
        text = json.dumps({"triggeringAlarms": named}, separators=(",", ":"))
        if len(text) <= _LONGEST_EVIDENCE:
            return text
        named.pop()


def set_by_hand(
    backend: CloudWatchBackend, alarm: Alarm, state: str, reason: str, reason_data: str | None, now: float
) -> None:
    """SetAlarmState: change the state (running its actions when it is another one) and hold it for a while."""
    with _turn:
        if not alarm.is_composite:
            alarm.held_at_revision = _revision(backend, alarm)
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
    before, state_before = _told(alarm.state_value, alarm.state_reason, alarm.state_reason_data), state_of(alarm)
    change = Transition(alarm.state_value, state, now, tuple(children or ()))
    if alarm.state_value == "ALARM":
        alarm.left_alarm_at = now
    alarm.state_value, alarm.state_reason, alarm.state_reason_data = state, reason, reason_data
    alarm.state_updated = alarm.state_transitioned = now
    summary = f"Alarm updated from {change.old_state} to {state}"
    details = {"oldState": before, "newState": _told(state, reason, reason_data)}
    history_of(backend).note(alarm, now, "StateUpdate", summary, details)
    act(backend, alarm, change, now)
    tell_state(backend, alarm, state_before, now)


def _told(value: str, reason: str, reason_data: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": value, "stateReason": reason}
    return told | ({"stateReasonData": json.loads(reason_data)} if reason_data else {})
