"""``/explain``: what an alarm watches and does, how it is now, and what the runbook has for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import AlarmReading
from bot.domain import Person, Target
from bot.errors import DeniedError, NotFoundError, UpstreamError, UsageError
from bot.ports import Message
from commands.explain import ExplainArgs, plan
from sandbox.slack.blocks import check_blocks
from tests.fakes import NOON, texts
from tests.scene import ALICE, Scene

ARN = "arn:aws:cloudwatch:eu-west-1:1:alarm:api-errors"
TOPIC = "arn:aws:sns:eu-west-1:1:ops"
METRIC: dict[str, Any] = {
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Dimensions": [{"Name": "ClusterName", "Value": "c"}, {"Name": "ServiceName", "Value": "api"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 3,
    "Threshold": 80.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "breaching",
    "AlarmActions": [TOPIC],
    "OKActions": [TOPIC],
}


def put(scene: Scene, name: str = "api-errors", state: str = "ALARM", **more: Any) -> None:
    """An alarm in CloudWatch."""
    given: dict[str, Any] = {"definition": METRIC, "reason": "Threshold Crossed"} | more
    arn = f"arn:aws:cloudwatch:eu-west-1:1:alarm:{name}"
    updated = scene.clock.now() - 600
    scene.metrics.readings[name] = AlarmReading(arn=arn, name=name, state=state, updated_at=updated, **given)


def said(scene: Scene, alarm: str = "api-errors", about: float = 0.0) -> str:
    person = replace(scene.chat.people[ALICE], about=about)
    made = plan(ExplainArgs(alarm=alarm), scene.world, person)
    blocks: list[dict[str, Any]] = [dict(block) for block in made.answer]
    check_blocks(blocks)
    return texts(Message(text=made.answer_text, blocks=tuple(blocks)))


def test_it_says_what_is_watched_when_it_fires_and_what_it_does(scene: Scene) -> None:
    put(scene)
    shown = said(scene)
    assert "Average of AWS/ECS CPUUtilization of ClusterName c, ServiceName api, every 1 min" in shown
    assert "It fires when that is above 80 3 times of 5, within 5 min." in shown
    assert "Without data it counts as in alarm." in shown
    assert "• tells the topic ops, in alarm and when OK" in shown
    assert ":red_circle: in alarm · *`api-errors`* · for 10 min · bi/api production" in shown


def test_it_says_how_often_it_fired_and_who_has_its_incident(scene: Scene) -> None:
    put(scene)
    assert "It did not fire." in said(scene)
    day = 86400.0
    scene.metrics.fired = [(NOON - 31 * day, "api-errors"), (NOON - 3 * day, "api-errors"), (NOON - day, "api-errors")]
    scene.metrics.fired.append((NOON, "api-down"))
    assert "It fired 2 times, the last time 24 h ago." in said(scene)
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    assert "incident> is open: nobody has it yet." in said(scene)


def test_it_says_what_the_playbook_looks_at_and_may_offer(scene: Scene) -> None:
    put(scene)
    shown = said(scene)
    assert "*The playbook* Default (`default.yaml`)" in shown
    assert "looks at: Stopped tasks, Log errors, Alarm metric, Target health, Recent changes" in shown


@pytest.mark.parametrize("alarm", ["api-errors", ARN])
def test_a_name_will_do_and_so_will_an_arn(scene: Scene, alarm: str) -> None:
    put(scene)
    assert "bi/api production" in said(scene, alarm)


def test_an_alarm_that_nobody_configured_is_found_by_asking_and_belongs_by_its_metric(scene: Scene) -> None:
    put(scene, name="somebody-s own", state="OK")
    assert ":large_green_circle: OK · *`somebody-s own`* · for 10 min · bi/api production" in said(
        scene, "somebody-s own"
    )
    put(scene, name="stray", state="INSUFFICIENT_DATA", definition={})
    shown = said(scene, "stray")
    assert "without data · *`stray`* · for 10 min · no configured service" in shown
    assert "• nothing: it has no actions" in shown
    assert "What it watches" not in shown


def test_math_and_alarms_of_alarms_are_told_as_they_are(scene: Scene) -> None:
    query = {
        "Id": "e1",
        "Expression": "errors / requests * 100",
        "Label": "5xx in %",
        "ReturnData": True,
        "Period": 300,
    }
    math = {"Metrics": [query], "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "LessThanThreshold"}
    put(scene, definition=math)
    assert "5xx in %: errors / requests * 100, every 5 min\nIt fires when that is below 5 once." in said(scene)
    put(scene, definition={"AlarmRule": "ALARM(a) OR ALARM(b)"})
    scene.metrics.composites["api-errors"] = ("arn:aws:cloudwatch:eu-west-1:1:alarm:a",)
    assert "It is made of other alarms: ALARM(a) OR ALARM(b)\n• `a`" in said(scene)


def test_actions_are_told_by_what_they_do(scene: Scene) -> None:
    scales = "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:ab:resource/ecs/service/c/api:policyName/cpu:createdBy/x"
    others = [scales, "arn:aws:lambda:eu-west-1:1:function:mend", "arn:aws:automate:eu-west-1:ec2:reboot", "odd"]
    put(scene, definition=METRIC | {"AlarmActions": others, "OKActions": []}, silent=True)
    shown = said(scene)
    assert "• scales by cpu, in alarm" in shown
    assert "• calls the function mend, in alarm" in shown
    assert "• acts on the instance: reboot, in alarm" in shown
    assert "• its actions are switched off or suppressed now" in shown


def test_a_history_that_cannot_be_read_hides_nothing_else(scene: Scene) -> None:
    put(scene)
    scene.metrics.failures.add("went_red", UpstreamError("CloudWatch throttles."))
    shown = said(scene)
    assert "Its history could not be read: CloudWatch throttles." in shown
    assert "What it watches" in shown


def test_an_alarm_that_there_is_none_of_gets_what_was_meant(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match=r"There is no alarm “api-erors”.*Did you mean api-errors"):
        said(scene, "api-erors")
    scene.metrics.failures.add("alarms", UpstreamError("CloudWatch throttles."))
    with pytest.raises(UpstreamError, match="could not be asked: CloudWatch throttles"):
        said(scene)


def test_without_a_name_it_is_the_alarm_of_the_thread(scene: Scene) -> None:
    with pytest.raises(UsageError, match="Please say which alarm"):
        said(scene, "")
    put(scene)
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    (row,) = scene.incidents()
    assert "api-errors" in said(scene, "", about=float(row.body["opened_at"]))
    with pytest.raises(UsageError, match="Now open: api-errors"):
        said(scene, "")
    with pytest.raises(NotFoundError, match="is over"):
        said(scene, "", about=1.0)


def test_a_service_that_one_may_not_look_at_keeps_its_alarms_to_itself(scene: Scene) -> None:
    def may(person: Person, action: str, target: Target | None) -> bool:
        return target is None

    put(scene, name="stray")
    with pytest.raises(DeniedError, match="You may not look at bi/api production"):
        plan(ExplainArgs(alarm="stray"), replace(scene.world, may=may), scene.chat.people[ALICE])


def test_what_an_alarm_says_breaks_nothing(scene: Scene) -> None:
    name = "a <!channel> *b*"
    hostile = METRIC | {"MetricName": "<@U0ALICE> `x`", "AlarmActions": ["arn:aws:sns:r:1:<!here>"]}
    put(scene, name=name, definition=hostile, description="<!channel> & *bold*", reason="\x1b[31m<!here>")
    shown = said(scene, name)
    assert "<!" not in shown
    assert "<@" not in shown
    assert "\x1b" not in shown
