"""Alarms on Metrics Insights queries, whose every series has a state of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws.metrics_insights import read_insights
from sandbox.aws.metrics_store import MetricStore
from sandbox.aws.metrics_values import MathError
from sandbox.clock import Clock
from tests.sandbox.aws.cloudwatch.room import Room

PLAIN = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
BY_TABLE = 'SELECT MAX(Throttles) FROM "Shop" GROUP BY TableName ORDER BY MAX() DESC'


@pytest.fixture
def tables(room: Room) -> Room:
    room.alarm(**PLAIN, AlarmName="tables", Metrics=[{"Id": "q", "Expression": BY_TABLE, "Period": 60}])
    return room


def _put(room: Room, **values: float) -> None:
    data = [
        {"MetricName": "Throttles", "Dimensions": [{"Name": "TableName", "Value": table}], "Value": value}
        for table, value in values.items()
    ]
    room.cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
    room.aws.tick()


def test_each_series_tells_of_itself_under_the_alarm_s_one_name(tables: Room) -> None:
    _put(tables, users=9, orders=8, images=1)
    told = tables.told()
    assert {message["AlarmName"] for message in told} == {"tables"}
    assert [message["AlarmContributorAttributes"]["TableName"] for message in told] == ["users", "orders"]
    assert len({message["AlarmContributorId"] for message in told}) == 2
    assert all(len(message["AlarmContributorId"]) == 16 for message in told)
    assert (told[0]["OldStateValue"], told[0]["NewStateValue"]) == ("OK", "ALARM")
    assert told[0]["NewStateReason"] == (
        "Threshold Crossed: 1 datapoint was greater than the threshold (5.0). The most recent datapoint which crossed "
        "the threshold: [9.0 (22/11/26 10:01:00)]."
    )
    (query,) = told[0]["Trigger"]["Metrics"]
    assert (query["Expression"], query["Period"], query["ReturnData"]) == (BY_TABLE, 60, True)
    assert told[0]["Trigger"]["Period"] == 60


def test_the_alarm_itself_counts_its_red_series_and_tells_no_topic(tables: Room) -> None:
    _put(tables, users=9, orders=8, images=1)
    state = tables.state("tables")
    assert (state["StateValue"], state["StateReason"]) == ("ALARM", "2 out of 3 time series evaluated to ALARM")
    actions = tables.cloudwatch.describe_alarm_history(AlarmName="tables", HistoryItemType="Action")
    assert actions["AlarmHistoryItems"] == []


def test_one_more_red_series_tells_though_the_alarm_is_red_already(tables: Room, clock: Clock) -> None:
    _put(tables, users=9)
    since = tables.state("tables")["StateTransitionedTimestamp"]
    tables.told()
    clock.advance(60)
    _put(tables, users=9, orders=8)
    assert [message["AlarmContributorAttributes"]["TableName"] for message in tables.told()] == ["orders"]
    assert tables.state("tables")["StateTransitionedTimestamp"] == since
    assert tables.state("tables")["StateReason"] == "2 out of 2 time series evaluated to ALARM"


def test_a_series_that_recovers_tells_so_while_others_stay_red(tables: Room, clock: Clock) -> None:
    _put(tables, users=9, orders=8)
    tables.told()
    clock.advance(60)
    _put(tables, users=9, orders=1)
    clock.advance(60)
    _put(tables, users=9)
    (message,) = tables.told()
    assert (message["NewStateValue"], message["AlarmContributorAttributes"]) == ("OK", {"TableName": "orders"})
    assert tables.state("tables")["StateValue"] == "ALARM"


def test_only_the_red_series_are_described(tables: Room) -> None:
    _put(tables, users=9, images=1)
    (found,) = tables.cloudwatch.describe_alarm_contributors(AlarmName="tables")["AlarmContributors"]
    assert found["ContributorAttributes"] == {"TableName": "users"}
    assert found["ContributorId"] == tables.told()[0]["AlarmContributorId"]
    assert found["StateReason"].startswith("Threshold Crossed")
    with pytest.raises(tables.cloudwatch.exceptions.ResourceNotFoundException):
        tables.cloudwatch.describe_alarm_contributors(AlarmName="nobody")


def test_a_series_without_data_is_gone(tables: Room, clock: Clock) -> None:
    _put(tables, users=9)
    tables.told()
    clock.advance(3600)
    tables.aws.tick()
    assert tables.cloudwatch.describe_alarm_contributors(AlarmName="tables")["AlarmContributors"] == []
    assert [message["NewStateValue"] for message in tables.told()] == ["OK"]
    assert tables.state("tables")["StateValue"] == "INSUFFICIENT_DATA"


def test_the_history_of_a_series_is_told_when_asked_for(tables: Room) -> None:
    _put(tables, users=9, orders=8)
    ask = tables.cloudwatch.describe_alarm_history
    kinds = [item["HistoryItemType"] for item in ask(AlarmName="tables")["AlarmHistoryItems"]]
    assert kinds == ["StateUpdate", "ConfigurationUpdate"]
    wanted = tables.told()[0]["AlarmContributorId"]
    items = ask(AlarmName="tables", AlarmContributorId=wanted)["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in items] == ["AlarmContributorAction", "AlarmContributorStateUpdate"]
    assert items[0]["AlarmContributorAttributes"] == {"TableName": "users"}
    assert json.loads(items[0]["HistoryData"])["actionState"] == "Succeeded"


def test_muting_the_alarm_mutes_every_series(tables: Room, clock: Clock) -> None:
    schedule = {"Expression": f"at({clock.datetime():%Y-%m-%dT%H:%M})", "Duration": "PT1H"}
    rule: dict[str, Any] = {"Name": "quiet", "Rule": {"Schedule": schedule}}
    tables.cloudwatch.put_alarm_mute_rule(**rule, MuteTargets={"AlarmNames": ["tables"]})
    _put(tables, users=9, orders=8)
    assert tables.told() == []
    assert len(tables.cloudwatch.describe_alarm_contributors(AlarmName="tables")["AlarmContributors"]) == 2
    tables.cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert len(tables.told()) == 2


def test_a_query_without_groups_is_an_ordinary_alarm(room: Room) -> None:
    query = {"Id": "q", "Expression": 'SELECT SUM(Throttles) FROM SCHEMA("Shop", TableName)', "Period": 60}
    room.alarm(**PLAIN, AlarmName="sum", Metrics=[query])
    _put(room, users=3, orders=3)
    (message,) = room.told()
    assert "AlarmContributorId" not in message
    assert "[6.0 (22/11/26 10:01:00)] was greater than" in message["NewStateReason"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"Metrics": [{"Id": "q", "Expression": "SELECT everything", "Period": 60}]},
        {
            "Metrics": [{"Id": "q", "Expression": BY_TABLE, "Period": 60}],
            "AlarmActions": ["arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x:policyName/y"],
        },
    ],
)
def test_impossible_queries_are_refused(room: Room, wrong: dict[str, Any]) -> None:
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="ValidationError"):
        room.alarm(**PLAIN, **wrong)


def test_metric_data_answers_a_series_for_each_group(room: Room, clock: Clock) -> None:
    _put(room, users=9, orders=8)
    span = {"StartTime": clock.now() - 600, "EndTime": clock.now() + 60}
    queries = [{"Id": "q", "Expression": BY_TABLE, "Period": 60}]
    results = room.cloudwatch.get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"]
    assert [(result["Label"], result["Values"]) for result in results] == [("users", [9.0]), ("orders", [8.0])]


def _store() -> MetricStore:
    store = MetricStore()
    for service, region, value in (("a", "x", 1.0), ("b", "x", 5.0), ("b", "y", 3.0)):
        store.put_points("AWS/ECS", "CPU", {"Service": service, "Region": region}, [(60.0, value)])
    store.put_points("AWS/ECS", "CPU", {"Cluster": "c"}, [(60.0, 7.0)])
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT SUM(CPU) FROM SCHEMA(\"AWS/ECS\", Service, Region) GROUP BY Service", {("a",): 1.0, ("b",): 8.0}),
        ("select avg(CPU) from \"AWS/ECS\" where Service = 'b' group by Region", {("x",): 5.0, ("y",): 3.0}),
        ("SELECT MAX(CPU) FROM \"AWS/ECS\" WHERE Service != 'a' AND Region = 'x'", {(): 5.0}),
        ('SELECT MAX(CPU) FROM "AWS/ECS" GROUP BY Service ORDER BY MAX() DESC LIMIT 1', {("Other",): 7.0}),
        ('SELECT COUNT(CPU) FROM SCHEMA("AWS/ECS", Cluster)', {(): 1.0}),
        ("SELECT MIN(Nothing) FROM \"AWS/ECS\" GROUP BY Service", {}),
    ],
)  # fmt: skip
def test_a_query_finds_and_groups_series(query: str, expected: dict[tuple[str, ...], float]) -> None:
    found = read_insights(query).run(_store(), 0.0, 120.0, 60)
    assert {tuple(each.attributes.values()): each.points[60.0] for each in found} == expected


@pytest.mark.parametrize("query", ["SELECT CPU FROM x", "SELECT AVG(CPU) FROM x WHERE y > 3", "SELECT AVG(CPU)"])
def test_what_is_no_query_is_an_error(query: str) -> None:
    with pytest.raises(MathError):
        read_insights(query)
