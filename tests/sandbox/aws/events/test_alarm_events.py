from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws.server import AwsServer
from tests.sandbox.aws.cloudwatch.room import Room
from tests.sandbox.aws.events.conftest import Bus

STATES = "CloudWatch Alarm State Change"


@pytest.fixture
def room(client: Callable[..., Any], aws: AwsServer) -> Room:
    return Room(client, aws)


def test_a_change_of_state_is_an_event_with_both_states(room: Room, bus: Bus) -> None:
    bus.listen("aws.cloudwatch", STATES)
    room.alarm(AlarmDescription="too many")
    room.put(9)
    (event,) = bus.heard()
    assert list(event)[:9] == [
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    ]
    assert (event["account"], event["region"]) == ("123456789012", "us-east-1")
    assert event["time"].endswith("Z")
    assert event["resources"] == ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:api-errors"]
    detail = event["detail"]
    assert (detail["state"]["value"], detail["previousState"]["value"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert json.loads(detail["state"]["reasonData"])["threshold"] == 5.0
    assert detail["previousState"]["reason"] == "Unchecked: Initial alarm creation"
    assert "muteDetail" not in detail
    (metric,) = detail["configuration"]["metrics"]
    assert metric["metricStat"] == {
        "metric": {"namespace": "Shop", "name": "Errors", "dimensions": {"ServiceName": "api"}},
        "period": 60,
        "stat": "Average",
    }
    assert detail["configuration"]["description"] == "too many"


def test_an_alarm_without_any_action_is_told_of_as_well(room: Room, bus: Bus) -> None:
    bus.listen("aws.cloudwatch", STATES)
    room.alarm(AlarmActions=[], ActionsEnabled=False)
    room.put(9)
    assert room.told() == []
    assert len(bus.heard()) == 1


def test_a_muted_change_says_by_whom_and_until_when(room: Room, bus: Bus) -> None:
    bus.listen("aws.cloudwatch", detail={"state": {"value": ["ALARM"]}})
    room.alarm()
    now = room.aws.clock.datetime()
    rule = {"Schedule": {"Expression": f"at({now:%Y-%m-%dT%H:%M})", "Duration": "PT1H"}}
    room.cloudwatch.put_alarm_mute_rule(Name="quiet", Rule=rule, MuteTargets={"AlarmNames": ["api-errors"]})
    room.put(9)
    (event,) = bus.heard()
    assert event["detail"]["muteDetail"]["mutedByArn"].endswith(":alarm-mute-rule:quiet")
    assert event["detail"]["muteDetail"]["muteWindowEnd"].startswith(f"{now:%Y-%m-%dT}")


def test_a_suppressed_composite_alarm_says_by_what(room: Room, bus: Bus) -> None:
    room.alarm(AlarmActions=[])
    room.alarm(AlarmName="works", MetricName="Works", AlarmActions=[])
    room.cloudwatch.put_composite_alarm(
        AlarmName="shop",
        AlarmRule="ALARM(api-errors)",
        AlarmActions=[room.topic],
        ActionsSuppressor="works",
        ActionsSuppressorWaitPeriod=120,
        ActionsSuppressorExtensionPeriod=180,
    )
    bus.listen("aws.cloudwatch", detail={"alarmName": ["shop"], "state": {"value": ["ALARM"]}})
    room.aws.tick()
    room.put(9)
    (event,) = bus.heard()
    assert event["detail"]["state"]["actionsSuppressedBy"] == "WaitPeriod"
    assert event["detail"]["configuration"] == {
        "alarmRule": "ALARM(api-errors)",
        "actionsSuppressor": "works",
        "actionsSuppressorWaitPeriod": 120,
        "actionsSuppressorExtensionPeriod": 180,
    }


def test_a_series_tells_of_itself_and_its_alarm_counts(room: Room, bus: Bus) -> None:
    bus.listen("aws.cloudwatch", detail={"state": {"value": ["ALARM"]}})
    query = 'SELECT MAX(Throttles) FROM "Shop" GROUP BY TableName'
    plain = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
    room.alarm(**plain, AlarmName="tables", Metrics=[{"Id": "q", "Expression": query, "Period": 60}])
    datum = {"MetricName": "Throttles", "Dimensions": [{"Name": "TableName", "Value": "users"}], "Value": 9}
    room.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])
    room.aws.tick()
    series, alarm = bus.heard()
    assert series["detail-type"] == "CloudWatch Alarm Contributor State Change"
    assert series["detail"]["alarmContributor"]["attributes"] == {"TableName": "users"}
    assert "previousState" not in series["detail"]
    assert alarm["detail-type"] == STATES
    assert alarm["detail"]["state"]["reason"] == "1 out of 1 time series evaluated to ALARM"
    assert alarm["detail"]["configuration"]["metrics"] == [
        {"id": "q", "returnData": True, "expression": query, "period": 60}
    ]


def test_settings_that_change_are_told_with_those_before(room: Room, bus: Bus) -> None:
    bus.listen("aws.cloudwatch", "CloudWatch Alarm Configuration Change")
    room.alarm()
    room.alarm(Threshold=7)
    room.cloudwatch.disable_alarm_actions(AlarmNames=["api-errors"])
    room.cloudwatch.delete_alarms(AlarmNames=["api-errors"])
    told = [event["detail"] for event in bus.heard()]
    assert [detail["operation"] for detail in told] == ["create", "update", "update", "delete"]
    assert "previousConfiguration" not in told[0]
    assert (told[1]["previousConfiguration"]["threshold"], told[1]["configuration"]["threshold"]) == (5, 7)
    assert (told[2]["previousConfiguration"]["actionsEnabled"], told[2]["configuration"]["actionsEnabled"]) == (
        True,
        False,
    )


def test_a_rule_that_is_disabled_hears_nothing(room: Room, bus: Bus) -> None:
    bus.listen("aws.cloudwatch")
    bus.events.disable_rule(Name="rule")
    room.alarm()
    room.put(9)
    assert bus.heard() == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.state.value"}, "ALARM"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"name": "$.detail.alarmName"},
                    "InputTemplate": '{"what": "<name>"}',
                }
            },
            {"what": "api-errors"},
        ),
    ],
)
def test_a_target_may_ask_for_other_words(room: Room, bus: Bus, target: dict[str, Any], expected: Any) -> None:
    bus.listen("aws.cloudwatch", detail={"state": {"value": ["ALARM"]}}, target=target)
    room.alarm()
    room.put(9)
    assert bus.heard() == [expected]


def test_a_topic_can_be_the_target_and_one_that_is_gone_breaks_nothing(room: Room, bus: Bus) -> None:
    for name, arn in (("topic", room.topic), ("gone", f"{room.topic}-gone"), ("none", f"{bus.arn}-none")):
        bus.listen("aws.cloudwatch", name=name, detail={"state": {"value": ["ALARM"]}}, target={"Arn": arn})
    room.alarm(AlarmActions=[])
    room.put(9)
    (message,) = room.told()
    assert message["detail-type"] == STATES


def test_nobody_else_speaks_in_aws_s_name(room: Room, bus: Bus) -> None:
    bus.listen("shop")
    bus.listen("aws.cloudwatch", name="aws")
    entries = [{"Source": source, "DetailType": "x", "Detail": "{}"} for source in ("aws.cloudwatch", "shop")]
    answer = bus.events.put_events(Entries=entries)
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    assert "EventId" in answer["Entries"][1]
    assert [event["source"] for event in bus.heard()] == ["shop"]
