"""Silenced alarms open nothing, are counted, and come back when the silence ends: nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.standing import HELD
from bot.domain import AlarmMetric
from bot.incident import Phase
from bot.rows import Signal
from bot.silence import NamedAlarm, Silence
from tests.alerts.silenced_scene import API, ARN, AWAY, HOUR, JOBS, hush, only, posted, row, wait
from tests.fakes import texts
from tests.scene import ALICE, BOB, Scene

# during it


def test_a_silenced_alarm_opens_nothing_and_is_counted(scene: Scene) -> None:
    hush(scene)
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.alarm("OK", "m2")
    scene.run(3)
    scene.alarm("ALARM", "m3")
    scene.run(3)
    assert scene.incidents() == []
    assert scene.pager.events == []
    assert [(each.name, each.count) for each in scene.silences.held("s1")] == [("api-down", 2)]


def test_other_alarms_are_heard(scene: Scene) -> None:
    hush(scene)
    scene.alarm("ALARM", "m1", name="jobs-errors")
    scene.run(3)
    assert only(scene).target == JOBS


def test_one_alarm_can_be_silenced_without_its_service(scene: Scene) -> None:
    hush(scene, place="", name="api-errors", alarms=(NamedAlarm(name="api-errors", target=API),))
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    assert scene.incidents() == []
    scene.alarm("ALARM", "m2", name="api-down")
    scene.run(3)
    assert [member.name for member in only(scene).members] == ["api-down"]


def test_an_alarm_of_no_service_is_silenced_by_its_arn(scene: Scene) -> None:
    hush(scene, place="", alarms=(NamedAlarm(name="odd", arn=f"{ARN}odd"),))
    scene.alarm("ALARM", "m1", name="odd")
    scene.run(3)
    assert scene.incidents() == []
    scene.alarm("ALARM", "m2", name="odd", arn=f"{ARN.replace('eu-west-1', 'us-east-1')}odd", region="us-east-1")
    scene.run(3)
    assert only(scene).alarm.region == "us-east-1"


def test_a_service_is_silenced_with_the_alarms_on_its_own_metrics(scene: Scene) -> None:
    hush(scene)
    where = {"ClusterName": "c", "ServiceName": "api"}
    metric: dict[str, Any] = {"namespace": "AWS/ECS", "name": "CPUUtilization", "dimensions": where}
    scene.alarm("ALARM", "m1", name="cpu", metric=AlarmMetric.model_validate(metric))
    scene.run(3)
    assert scene.incidents() == []


def test_a_silenced_alarm_joins_no_open_incident(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="jobs-errors")
    scene.run(3)
    hush(scene)
    scene.alarm("ALARM", "m2", name="api-down")
    scene.run(3)
    assert [member.name for member in only(scene).members] == ["jobs-errors"]
    assert scene.pager.events == []


def test_a_storm_is_held_by_one_row(scene: Scene) -> None:
    hush(scene)
    for number in range(120):
        scene.alarm("ALARM", f"m{number}", contributor=f"series {number}")
    scene.run(5)
    assert scene.incidents() == []
    assert len(scene.silences.held("s1")) == 120


def test_it_is_told_in_the_channel_of_its_service_and_not_where_it_was_set(scene: Scene) -> None:
    hush(scene)
    told = posted(scene, "begun")
    assert list(told) == ["C0BI"]
    assert "silenced until" in told["C0BI"]
    assert f"by <@{ALICE}>. Because: load test." in told["C0BI"]
    hush(scene, "s2", channel="C0BI")
    assert posted(scene, "begun", "s2") == {}


# its end


def test_what_is_still_red_at_the_end_opens_its_incident_and_the_channel_hears(scene: Scene) -> None:
    hush(scene)
    scene.alarm("ALARM", "m1")
    scene.alarm("ALARM", "m2", name="api-errors")
    scene.run(3)
    scene.alarm("OK", "m3", name="api-errors")
    scene.run(3)
    scene.metrics.states |= {"api-down": "ALARM", "api-errors": "OK"}
    wait(scene, HOUR)
    assert only(scene).alarm.name == "api-down"
    assert only(scene).opened_at == only(scene).alarm.at
    assert only(scene).heard_at == pytest.approx(scene.clock.now(), abs=5)
    assert {event for event, _ in scene.pager.events} == {"trigger"}
    said = posted(scene, "over")
    assert set(said) == {"C0BI", "C0OPS"}
    assert "`api-down` in alarm since" in said["C0OPS"]
    assert "once meanwhile: its incident opens now" in said["C0OPS"]
    assert "Fired meanwhile, and well again: `api-errors` once" in said["C0OPS"]


def test_when_nothing_fired_the_end_is_one_calm_line(scene: Scene) -> None:
    hush(scene)
    wait(scene, HOUR)
    assert "is over: nothing fired meanwhile, and nothing is in alarm." in posted(scene, "over")["C0OPS"]
    assert scene.incidents() == []
    assert row(scene).state == "over"


def test_somebody_ends_it_at_once(scene: Scene) -> None:
    hush(scene)
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.metrics.states["api-down"] = "ALARM"
    assert scene.silences.end("s1", BOB, channel="C0BI")
    assert scene.silences.standing() == ()
    scene.run(3)
    assert only(scene).alarm.name == "api-down"
    assert f"was lifted by <@{BOB}>" in posted(scene, "over")["C0BI"]
    assert not scene.silences.end("s1", BOB)


def test_an_alarm_that_went_quiet_unheard_opens_nothing(scene: Scene) -> None:
    hush(scene)
    scene.alarm("ALARM", "m1")
    scene.run(3)
    wait(scene, HOUR)
    assert scene.incidents() == []


def test_while_cloudwatch_is_away_what_was_heard_last_counts(scene: Scene) -> None:
    hush(scene)
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.metrics.failures.add("alarms", AWAY)
    wait(scene, HOUR)
    assert only(scene).alarm.name == "api-down"
    assert "CloudWatch could not be asked (AWS did not answer.)" in posted(scene, "over")["C0OPS"]


def test_an_alarm_of_which_nothing_was_heard_is_taken_in_at_the_end(scene: Scene) -> None:
    hush(scene)
    scene.metrics.states["api-down"] = "ALARM"
    scene.metrics.changed["api-down"] = scene.clock.now() + 60
    wait(scene, HOUR)
    assert only(scene).alarm.name == "api-down"
    # What CloudWatch tells late of the same moment is the same.
    scene.alarm("ALARM", "late", at=scene.metrics.changed["api-down"])
    scene.run(3)
    assert only(scene).fired == 1


def test_an_alarm_whose_incident_was_resolved_before_is_only_named(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.press_incident("resolve")
    scene.run(3)
    hush(scene)
    scene.metrics.states["api-down"] = "ALARM"
    wait(scene, HOUR)
    assert "its incident was resolved before" in posted(scene, "over")["C0OPS"]
    assert len(scene.incidents()) == 1


def test_an_alarm_under_two_silences_is_heard_after_the_longer_one(scene: Scene) -> None:
    hush(scene)
    hush(scene, "s2", seconds=2 * HOUR)
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.metrics.states["api-down"] = "ALARM"
    wait(scene, HOUR)
    assert scene.incidents() == []
    wait(scene, HOUR)
    assert only(scene).alarm.name == "api-down"


def test_what_triage_sends_to_a_silence_that_is_over_comes_back(scene: Scene) -> None:
    silence = hush(scene)
    wait(scene, HOUR)
    scene.metrics.states["api-down"] = "ALARM"
    alarm = {"arn": f"{ARN}api-down", "name": "api-down", "state": "ALARM", "at": scene.clock.now()}
    payload = {"key": f"{ARN}api-down#", "alarm": alarm, "target": API, "severity": "critical"}
    scene.engine.signal(silence.row, Signal(HELD, payload))
    scene.run(3)
    assert only(scene).alarm.name == "api-down"


# incidents that are open


def test_an_open_incident_sleeps_until_the_silence_ends(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    silence = hush(scene)
    assert (only(scene).snoozed_until, only(scene).owner) == (silence.until, "")
    assert any("Its alarms are silenced until" in texts(each) for each in scene.thread())
    wait(scene, HOUR - 10)
    assert only(scene).level == 0
    scene.metrics.states["api-errors"] = "ALARM"
    wait(scene, 20)
    assert any("The silence is over and it is still in alarm. Who has it?" in texts(each) for each in scene.thread())
    assert only(scene).snoozed_until == 0.0
    wait(scene, 900)
    assert only(scene).level == 1


def test_at_the_end_of_a_silence_an_alarm_without_data_is_not_called_red(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    hush(scene)
    scene.alarm("INSUFFICIENT_DATA", "m2", name="api-errors")
    scene.run(3)
    scene.metrics.states["api-errors"] = "INSUFFICIENT_DATA"
    wait(scene, HOUR + 10)
    said = "".join(texts(each) for each in scene.thread())
    assert "The silence is over; its metric has no data. Who has it?" in said


def test_whoever_has_an_incident_keeps_it_through_a_silence(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    scene.press_incident("acknowledge")
    scene.run(3)
    hush(scene)
    scene.metrics.states["api-errors"] = "ALARM"
    wait(scene, HOUR)
    assert only(scene).owner == ALICE
    assert f"<@{ALICE}> has it." in "".join(texts(each) for each in scene.thread())


def test_lifting_a_silence_wakes_its_incident(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    hush(scene)
    scene.silences.end("s1", BOB)
    scene.run(3)
    assert only(scene).snoozed_until == 0.0


def test_an_incident_with_an_alarm_that_is_heard_goes_on(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(3)
    hush(scene)
    assert only(scene).snoozed_until == 0.0
    wait(scene, 900)
    assert only(scene).level == 1


def test_an_alarm_that_is_heard_wakes_an_incident_it_joins(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    hush(scene)
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(3)
    assert [member.name for member in only(scene).members] == ["api-errors", "jobs-errors"]
    assert (only(scene).snoozed_until, only(scene).silenced) == (0.0, False)
    wait(scene, 900)
    assert only(scene).level == 1


def test_an_incident_that_recovered_is_not_opened_again_by_a_silenced_alarm(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.alarm("OK", "m2")
    scene.run(3)
    hush(scene)
    events = list(scene.pager.events)
    scene.alarm("ALARM", "m3")
    scene.run(3)
    assert scene.incidents()[0].state == Phase.RECOVERED
    assert scene.pager.events == events
    scene.metrics.states["api-down"] = "ALARM"
    wait(scene, 60)
    scene.silences.end("s1", BOB)
    scene.run(3)
    assert scene.incidents()[0].state == Phase.OPEN


def test_an_incident_that_opens_in_the_moment_of_a_silence_calls_nobody(scene: Scene) -> None:
    """Triage looked before the silence was set."""
    scene.alarm("ALARM", "m1")
    while not scene.incidents():
        assert scene.engine.run_due(limit=1)
    assert scene.incidents()[0].state == Phase.OPENING
    scene.silences.add(
        Silence(id="s1", name="x", places=(API,), reason="r", since=0.0, until=scene.clock.now() + HOUR, by=ALICE)
    )
    scene.run(3)
    assert only(scene).silenced
    assert scene.pager.events == []


# mute rules


def test_a_bug_at_its_end_keeps_no_alarm_silent(scene: Scene) -> None:
    hush(scene)
    scene.alarm("ALARM", "m1")
    scene.run(3)

    def fail(*given: object, **more: object) -> dict[str, Any]:
        raise ZeroDivisionError("a bug")

    object.__setattr__(scene.world, "gather", fail)
    wait(scene, HOUR)
    scene.run(60)
    assert only(scene).alarm.name == "api-down"
    assert row(scene).state == "over"
