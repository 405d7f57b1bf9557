from __future__ import annotations

from typing import Any

import pytest

from bot import aws_ports
from bot.aws.metrics import Metrics
from bot.aws.pictures import statistic
from bot.aws.session import Sessions
from bot.cloud import Contributor, Datapoint, Transition
from bot.domain import Account, AlarmMetric
from tests.bot.aws.scripted_aws import ScriptedAws

CPU = AlarmMetric(
    namespace="AWS/ECS",
    name="CPUUtilization",
    dimensions={"ClusterName": "bi", "ServiceName": "api"},
    statistic="AVERAGE",
    period=60,
)


def test_the_adapter_fills_the_port(sessions: Sessions) -> None:
    port: aws_ports.Metrics = Metrics(sessions)
    assert port


def test_a_series_uses_the_alarms_own_statistic_and_period(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    pages = {
        None: {
            "MetricDataResults": [{"Id": "m0", "Timestamps": [120, 60], "Values": [2.0, 1.0]}],
            "NextToken": "n",
        },
        "n": {"MetricDataResults": [{"Id": "m0", "Timestamps": [180], "Values": [3.0]}]},
    }
    aws.on("GetMetricData", lambda asked: pages[asked.get("NextToken")])
    found = Metrics(sessions).series(account, CPU, start=0.0, end=600.0)
    assert found == (Datapoint(60.0, 1.0), Datapoint(120.0, 2.0), Datapoint(180.0, 3.0))
    (query,) = aws.asked("GetMetricData")[0]["MetricDataQueries"]
    assert query["MetricStat"]["Stat"] == "Average"
    assert query["MetricStat"]["Period"] == 60
    assert query["MetricStat"]["Metric"] == {
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "ClusterName", "Value": "bi"}, {"Name": "ServiceName", "Value": "api"}],
    }


def test_more_metrics_than_one_call_takes_are_read_in_several(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    def answered(asked: dict[str, Any]) -> dict[str, Any]:
        ids = [each["Id"] for each in asked["MetricDataQueries"]]
        return {"MetricDataResults": [{"Id": each, "Timestamps": [60], "Values": [float(each[1:])]} for each in ids]}

    aws.on("GetMetricData", answered)
    found = Metrics(sessions).several(account, {f"{each}": CPU for each in range(501)}, start=0.0, end=600.0)
    assert found == {f"{each}": (Datapoint(60.0, float(each)),) for each in range(501)}
    assert [len(each["MetricDataQueries"]) for each in aws.asked("GetMetricData")] == [500, 1]


def test_several_metrics_are_one_call(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    results = [{"Id": "m1", "Timestamps": [60], "Values": [9.0]}, {"Id": "m0", "Timestamps": [60], "Values": [1.0]}]
    aws.on("GetMetricData", {"MetricDataResults": results})
    slow = CPU.model_copy(update={"name": "Duration", "statistic": "p95"})
    asked = {"cpu": CPU, "slow": slow, "math": AlarmMetric(expression="m1/m2")}
    found = Metrics(sessions).several(account, asked, start=0.0, end=600.0)
    assert found == {"cpu": (Datapoint(60.0, 1.0),), "slow": (Datapoint(60.0, 9.0),), "math": ()}
    (call,) = aws.asked("GetMetricData")
    assert [each["MetricStat"]["Stat"] for each in call["MetricDataQueries"]] == ["Average", "p95"]


@pytest.mark.parametrize("metric", [AlarmMetric(expression="m1/m2*100"), AlarmMetric(namespace="AWS/ECS")])
def test_a_metric_that_cannot_be_computed_again_has_no_series(
    aws: ScriptedAws, sessions: Sessions, account: Account, metric: AlarmMetric
) -> None:
    assert Metrics(sessions).series(account, metric, start=0.0, end=600.0) == ()
    assert aws.calls == []


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("AVERAGE", "Average"),
        ("Average", "Average"),
        ("SUM", "Sum"),
        ("SAMPLE_COUNT", "SampleCount"),
        ("SAMPLECOUNT", "SampleCount"),
        ("SampleCount", "SampleCount"),
        ("p95", "p95"),
        ("p99.9", "p99.9"),
        ("TM(10%:90%)", "TM(10%:90%)"),
        ("", "Average"),
    ],
)
def test_a_statistic_is_spelt_as_the_api_spells_it(name: str, spelling: str) -> None:
    assert statistic(name) == spelling


def test_alarms_of_both_kinds_are_read_a_hundred_at_a_time(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        def alarm(name: str) -> dict[str, Any]:
            return {
                "AlarmName": name,
                "AlarmArn": f"arn:{name}",
                "StateValue": "ALARM",
                "StateReason": "Threshold Crossed",
                "StateUpdatedTimestamp": 200,
                "StateTransitionedTimestamp": 100,
            }

        names = asked["AlarmNames"]
        return {
            "MetricAlarms": [alarm(name) for name in names if name.startswith("metric")],
            "CompositeAlarms": [alarm(name) for name in names if name.startswith("composite")],
        }

    aws.on("DescribeAlarms", answer)
    names = [f"metric-{number:03}" for number in range(120)] + ["composite-1", "missing", "metric-000"]
    found = Metrics(sessions).alarms(account, names)
    assert len(found) == 121
    (composite,) = (each for each in found if each.name == "composite-1")
    assert (composite.arn, composite.state, composite.reason) == ("arn:composite-1", "ALARM", "Threshold Crossed")
    assert (composite.updated_at, composite.silent, composite.several) == (100.0, False, False)
    asked = aws.asked("DescribeAlarms")
    assert [len(each["AlarmNames"]) for each in asked] == [100, 22]
    assert asked[0]["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm", "LogAlarm"]


def test_everything_in_alarm_is_read_from_all_pages_up_to_a_bound(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        number = int(asked.get("NextToken", "1"))
        alarm: dict[str, Any] = {"AlarmName": f"a{number}", "AlarmArn": f"arn:a{number}", "StateValue": "ALARM"}
        alarm |= {"StateUpdatedTimestamp": 200, "AlarmActions": ["arn:aws:sns:eu-west-1:1:alerts"]}
        kind = "CompositeAlarms" if number == 2 else "MetricAlarms"
        return {kind: [alarm], "NextToken": str(number + 1)}

    aws.on("DescribeAlarms", answer)
    found = Metrics(sessions).in_alarm(account)
    assert [each.name for each in found] == ["a1", "a2", "a3", "a4", "a5"]
    assert all(each.notifies and not each.acts for each in found)
    asked = aws.asked("DescribeAlarms")
    assert {each["StateValue"] for each in asked} == {"ALARM"}
    assert asked[0]["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm", "LogAlarm"]


@pytest.mark.parametrize(
    ("changes", "silent", "several"),
    [
        ({"ActionsEnabled": False}, True, False),
        ({"ActionsEnabled": True, "ActionsSuppressedBy": "Alarm"}, True, False),
        ({"Metrics": [{"Id": "q", "Expression": "SELECT MAX(CPU) FROM x group by host"}]}, False, True),
        ({"Metrics": [{"Id": "q", "Expression": "SELECT MAX(CPU) FROM x"}]}, False, False),
        ({"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}}, False, True),
    ],
)
def test_whether_an_alarm_is_silent_or_watches_several_series_is_read(
    aws: ScriptedAws, sessions: Sessions, account: Account, changes: dict[str, Any], silent: bool, several: bool
) -> None:
    alarm = {"AlarmName": "a", "AlarmArn": "arn:a", "StateValue": "OK", "StateUpdatedTimestamp": 200} | changes
    kind = "CompositeAlarms" if "ActionsSuppressedBy" in changes else "MetricAlarms"
    aws.on("DescribeAlarms", {kind: [alarm]})
    (found,) = Metrics(sessions).alarms(account, ["a"])
    assert (found.silent, found.several) == (silent, several)


def test_the_series_of_an_alarm_are_read_from_all_pages(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        number = asked.get("NextToken", "1")
        contributor = {
            "ContributorId": f"id-{number}",
            "ContributorAttributes": {"host": number},
            "StateReason": "hot",
            "StateTransitionedTimestamp": 100,
        }
        more = {"NextToken": "2"} if number == "1" else {}
        return {"AlarmContributors": [contributor], **more}

    aws.on("DescribeAlarmContributors", answer)
    found = Metrics(sessions).contributors(account, "a")
    assert found == (
        Contributor("id-1", {"host": "1"}, "hot", 100.0),
        Contributor("id-2", {"host": "2"}, "hot", 100.0),
    )


def test_no_names_mean_no_alarms_rather_than_all(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    assert Metrics(sessions).alarms(account, []) == ()
    assert aws.calls == []


def test_when_an_alarm_went_red_is_read_page_by_page(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    def line(at: float, details: str, summary: str = "") -> dict[str, Any]:
        return {"AlarmName": "a", "Timestamp": at, "HistoryData": details, "HistorySummary": summary}

    pages = {
        None: {"AlarmHistoryItems": [line(300, '{"newState":{"stateValue":"ALARM"}}')], "NextToken": "2"},
        "2": {
            "AlarmHistoryItems": [
                line(200, '{"newState":{"stateValue":"OK"}}', "Alarm updated from ALARM to OK"),
                line(100, '{"newState":{"stateVal', "Alarm updated from OK to ALARM"),
            ]
        },
    }
    aws.on("DescribeAlarmHistory", lambda asked: pages[asked.get("NextToken")])
    assert Metrics(sessions).went_red(account, "a", since=50.0) == (300.0, 100.0)
    assert aws.asked("DescribeAlarmHistory")[0]["HistoryItemType"] == "StateUpdate"


@pytest.mark.parametrize(
    ("details", "previous"),
    [
        ('{"oldState":{"stateValue":"INSUFFICIENT_DATA"},"newState":{"stateValue":"OK"}}', "INSUFFICIENT_DATA"),
        ('{"newState":{"stateValue":"OK"}}', ""),
        ('{"oldState":"OK","newState":{"stateValue":"OK"}}', ""),
        ("nothing", ""),
    ],
)
def test_a_change_of_state_tells_what_was_before_where_cloudwatch_does(
    aws: ScriptedAws, sessions: Sessions, account: Account, details: str, previous: str
) -> None:
    item = {"AlarmName": "a", "Timestamp": 300, "HistoryData": details, "HistorySummary": "Alarm updated from X to OK"}
    aws.on("DescribeAlarmHistory", {"AlarmHistoryItems": [item]})
    assert Metrics(sessions).transitions(account, "a", since=0.0) == (Transition(300.0, "OK", previous),)
