"""Every shape a topic was seen to carry lies under ``shapes``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Alarm, AlarmState, as_json
from bot.intake.parse import MAX_RAW, alarm_from

SHAPES = Path(__file__).parent / "shapes"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
CHANGED = 1664131837.811
RECEIVED = 1664131900.0
ALARM_ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"


def shape(name: str) -> str:
    return next(SHAPES.glob(f"{name}.*")).read_text(encoding="utf-8")


def read(name: str, subject: str = "", topic: str = TOPIC) -> Alarm:
    return alarm_from(shape(name), subject, topic, RECEIVED)


def changed(name: str, **changes: Any) -> Alarm:
    """A shape with some of its top-level keys changed (None removes)."""
    document = json.loads(shape(name)) | changes
    kept = {key: value for key, value in document.items() if value is not None}
    return alarm_from(json.dumps(kept), "", TOPIC, RECEIVED)


def test_a_metric_alarm_is_read_whole() -> None:
    alarm = read("metric")
    assert (alarm.name, alarm.arn) == ("api-cpu-high", ALARM_ARN + "api-cpu-high")
    assert (alarm.state, alarm.previous, alarm.at) == (AlarmState.ALARM, AlarmState.OK, CHANGED)
    assert (alarm.region, alarm.account, alarm.topic) == ("eu-west-1", "123456789012", TOPIC)
    assert (alarm.description, alarm.raw) == ("CPU of the API", "")
    assert alarm.reason.startswith("Threshold Crossed")
    metric = alarm.metric
    assert metric is not None
    assert (metric.namespace, metric.name, metric.statistic) == ("AWS/ECS", "CPUUtilization", "Average")
    assert (metric.period, metric.threshold, metric.comparison) == (300, 80.0, "GreaterThanThreshold")
    assert metric.dimensions == {"ServiceName": "api", "ClusterName": "prod"}


def test_a_percentile_and_a_name_with_spaces_bars_and_umlauts_stay_as_they_are() -> None:
    alarm = read("metric-percentile")
    assert alarm.name == "api | latency #p99 für Kunden"
    assert alarm.arn == ALARM_ARN + alarm.name
    assert alarm.metric is not None and alarm.metric.statistic == "p99"
    assert alarm.metric.dimensions == {}


def test_without_an_alarm_arn_one_is_built_with_the_topics_region() -> None:
    alarm = read("metric-old")
    assert (alarm.region, alarm.arn) == ("eu-west-1", ALARM_ARN + "cpu")
    assert alarm.metric is not None and alarm.metric.dimensions == {}


def test_the_display_name_of_a_region_is_never_taken_for_its_code() -> None:
    assert alarm_from(shape("metric-old"), "", "", RECEIVED).region == ""


def test_a_colon_in_an_alarms_name_stays_in_its_arn() -> None:
    assert changed("metric", AlarmArn=ALARM_ARN + "a:b:c", AlarmName="a:b:c").arn == ALARM_ARN + "a:b:c"


@pytest.mark.parametrize(
    ("name", "state"), [("ok", AlarmState.OK), ("insufficient-data", AlarmState.INSUFFICIENT_DATA)]
)
def test_other_states_are_read(name: str, state: AlarmState) -> None:
    assert read(name).state is state


def test_metric_math_gives_the_expression_and_the_first_metric() -> None:
    metric = read("metric-math").metric
    assert metric is not None
    assert (metric.expression, metric.name) == ("errors / requests * 100", "HTTPCode_Target_5XX_Count")
    assert metric.label == "Error rate"
    assert (metric.statistic, metric.period, metric.threshold) == ("Sum", 60, 5.0)
    assert metric.dimensions == {"LoadBalancer": "app/api/1"}


def test_an_anomaly_alarm_watches_its_metric_and_has_no_threshold() -> None:
    metric = read("anomaly").metric
    assert metric is not None
    assert (metric.name, metric.threshold) == ("RequestCount", None)
    assert metric.expression == "" and metric.dimensions == {"LoadBalancer": "app/api/1"}
    assert metric.comparison == "LessThanLowerOrGreaterThanUpperThreshold"


def test_a_composite_alarm_names_the_children_that_caused_it() -> None:
    alarm = read("composite")
    assert alarm.metric is None
    assert alarm.children == (ALARM_ARN + "api-cpu-high", ALARM_ARN + "api-5xx")
    assert read("composite-no-children").children == ()


def test_two_contributors_of_one_alarm_are_told_apart() -> None:
    alarm = read("contributor")
    assert (alarm.contributor, alarm.series) == ("6d442278dba546f6", "TableName=orders")
    assert alarm.metric is not None and alarm.metric.dimensions == {"TableName": "orders"}
    assert alarm.metric.expression.startswith("SELECT SUM")
    other = changed("contributor", AlarmContributorId=None, AlarmContributorAttributes={"b": "2", "a": "1"})
    assert (other.contributor, other.series) == ("a=1, b=2", "a=1, b=2")


def test_what_describes_a_series_is_kept_without_its_secrets() -> None:
    alarm = changed("contributor", AlarmContributorAttributes={"key": "AKIAABCDEFGHIJKLMNOP"})
    assert "AKIAABCDEFGHIJKLMNOP" not in alarm.series


def test_a_log_alarm_says_where_it_searches_for_what() -> None:
    alarm = read("log-alarm")
    assert alarm.state is AlarmState.ALARM and alarm.metric is None
    assert alarm.description.splitlines()[:2] == ["Too many failed logins", "Log groups: /ecs/api, /ecs/worker"]
    assert "login failed" in alarm.description


def test_an_eventbridge_event_gives_the_same_alarm_as_sns() -> None:
    event, sns = read("event"), read("metric")
    same = ("arn", "name", "state", "previous", "at", "region", "account", "description", "metric")
    assert {key: getattr(event, key) for key in same} == {key: getattr(sns, key) for key in same}
    assert (event.source, sns.source) == ("event", "alarm")


@pytest.mark.parametrize(
    ("said", "comparison"),
    [
        ("was greater than the threshold (5.0)", "GreaterThanThreshold"),
        ("were not greater than or equal to the threshold (5.0)", "GreaterThanOrEqualToThreshold"),
        ("was less than the threshold (5.0)", "LessThanThreshold"),
        ("was less than or equal to the threshold (5.0)", "LessThanOrEqualToThreshold"),
        ("no datapoints were received for 1 period", ""),
    ],
)
def test_an_eventbridge_event_has_its_comparison_in_the_words_of_its_reason(said: str, comparison: str) -> None:
    document = json.loads(shape("event"))
    document["detail"]["state"]["reason"] = f"Threshold Crossed: {said}."
    metric = alarm_from(json.dumps(document), "", TOPIC, RECEIVED).metric
    assert metric is not None and metric.comparison == comparison


def test_an_eventbridge_event_of_a_composite_alarm_names_its_children() -> None:
    alarm = read("event-composite")
    assert (alarm.name, alarm.children, alarm.metric) == ("shop-down", (ALARM_ARN + "api-cpu-high",), None)


def test_an_eventbridge_event_of_a_contributor_equals_that_of_sns() -> None:
    event, sns = read("event-contributor"), read("contributor")
    assert (event.contributor, event.series, event.arn) == (sns.contributor, sns.series, sns.arn)
    assert event.metric is not None and event.metric.dimensions == {"TableName": "orders"}


def test_an_envelope_within_a_message_is_opened() -> None:
    envelope = {"Type": "Notification", "TopicArn": TOPIC, "MessageId": "m", "Message": shape("metric-old")}
    assert alarm_from(json.dumps(envelope), "", "", RECEIVED).arn == ALARM_ARN + "cpu"


@pytest.mark.parametrize(
    ("name", "subject", "title"),
    [
        ("budget", "AWS Budgets: monthly has exceeded", "AWS Budgets: monthly has exceeded"),
        ("budget", "", "AWS Budget Notification September 25, 2022"),
        ("code-deploy", "FAILED: AWS CodeDeploy d-ABCDEF123", "FAILED: AWS CodeDeploy d-ABCDEF123"),
        ("auto-scaling", "Auto Scaling: launch failed", "Auto Scaling: launch failed"),
        ("event-other", "", "ECS Task State Change"),
    ],
)
def test_what_is_no_alarm_is_kept_raw_with_a_title(name: str, subject: str, title: str) -> None:
    alarm = read(name, subject)
    assert (alarm.state, alarm.name, alarm.raw) == (None, title, shape(name))
    assert (alarm.region, alarm.account, alarm.at) == ("eu-west-1", "123456789012", RECEIVED)


@pytest.mark.parametrize(
    "text", ["", "   \n", "test", "[1, 2]", "null", '"ALARM"', "{", '{"AlarmName": "x"}', "\ud800\x00"]
)
def test_a_text_that_is_nothing_known_is_shown_raw(text: str) -> None:
    alarm = alarm_from(text, "", "", RECEIVED)
    assert alarm.state is None
    assert alarm.name


def test_a_huge_text_is_cut_at_sixteen_kilobytes_between_characters() -> None:
    alarm = alarm_from("é" * 1_000_000, "", "", RECEIVED)
    assert len(alarm.raw.encode()) <= MAX_RAW
    assert set(alarm.raw) == {"é"}


def test_deeply_nested_json_is_shown_raw() -> None:
    assert alarm_from('{"a":' * 100_000, "", "", RECEIVED).state is None


@pytest.mark.parametrize("value", ["FIRING", "alarm", "", 7, None, ["ALARM"]])
def test_an_unknown_state_makes_it_raw(value: object) -> None:
    document = json.loads(shape("metric")) | {"NewStateValue": value}
    assert alarm_from(json.dumps(document), "", TOPIC, RECEIVED).state is None


@pytest.mark.parametrize("when", ["yesterday", "", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", 5, None])
def test_an_unreadable_time_becomes_the_time_of_arrival(when: object) -> None:
    alarm = changed("metric", StateChangeTime=when)
    assert alarm.state is AlarmState.ALARM
    assert alarm.at == RECEIVED or alarm.at > 253_000_000_000 or alarm.at < 0


@pytest.mark.parametrize("number", ["1" * 400, "NaN", "-Infinity", "true", '"80"', "[]"])
def test_an_impossible_threshold_is_none(number: str) -> None:
    text = (
        shape("metric")
        .replace('"Threshold": 80.0', f'"Threshold": {number}')
        .replace('"Period": 300', f'"Period": {number}')
    )
    alarm = alarm_from(text, "", TOPIC, RECEIVED)
    assert alarm.metric is not None
    assert alarm.metric.threshold is None and alarm.metric.period == 60


@pytest.mark.parametrize(
    "key", ["Trigger", "TriggeringChildren", "AlarmDescription", "AlarmArn", "Region", "LogGroups"]
)
@pytest.mark.parametrize("value", [[1, None, {}], {"Metrics": [7, {"MetricStat": [1]}]}, "x", 7, True])
def test_a_key_of_the_wrong_type_does_not_hide_the_alarm(key: str, value: object) -> None:
    assert changed("metric", **{key: value}).state is AlarmState.ALARM


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SHAPES.glob("*.json"))]


@st.composite
def broken_documents(draw: st.DrawFn) -> Any:
    """A real shape in which some values, at any depth, have become something else."""

    def broken(value: Any) -> Any:
        if draw(st.integers(0, 7)) == 0:
            return draw(JSON)
        if isinstance(value, dict):
            return {key: broken(item) for key, item in value.items()}
        return [broken(item) for item in value] if isinstance(value, list) else value

    return broken(draw(st.sampled_from(DOCUMENTS)))


@given(broken_documents(), st.text(), st.text(), st.floats())
def test_no_broken_document_raises_and_all_can_be_stored(document: Any, subject: str, topic: str, at: float) -> None:
    alarm = alarm_from(json.dumps(document), subject, topic, at)
    stored = json.dumps(as_json(alarm), allow_nan=False, ensure_ascii=False).encode()
    assert Alarm.model_validate(json.loads(stored)) == alarm


@given(
    st.text(st.characters()) | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.text(st.characters()),
)
def test_no_text_raises_and_all_can_be_stored(text: str, subject: str) -> None:
    alarm = alarm_from(text, subject, subject, RECEIVED)
    assert json.dumps(as_json(alarm), ensure_ascii=False).encode()
    assert alarm.name
