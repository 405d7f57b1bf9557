from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from tests.sandbox.aws import standing

Client = Callable[..., Any]
GROUP = "/audit"


@pytest.fixture
def logs(client: Client, clock: Clock) -> Any:
    made = client("logs")
    made.create_log_group(logGroupName=GROUP, logGroupClass="INFREQUENT_ACCESS")
    made.create_log_group(logGroupName="/usual")
    made.create_log_stream(logGroupName=GROUP, logStreamName="a")
    event = {"timestamp": int(clock.now() * 1000), "message": '{"level": "error"}'}
    made.put_log_events(logGroupName=GROUP, logStreamName="a", logEvents=[event])
    return made


def test_a_group_tells_its_class_and_is_found_by_it(logs: Any) -> None:
    classes = {each["logGroupName"]: each["logGroupClass"] for each in logs.describe_log_groups()["logGroups"]}
    assert classes == {GROUP: "INFREQUENT_ACCESS", "/usual": "STANDARD"}
    (found,) = logs.describe_log_groups(logGroupClass="INFREQUENT_ACCESS")["logGroups"]
    assert found["logGroupName"] == GROUP
    with pytest.raises(logs.exceptions.InvalidParameterException, match="logGroupClass"):
        logs.create_log_group(logGroupName="/x", logGroupClass="CHEAP")


METRIC = {"metricName": "n", "metricNamespace": "n", "metricValue": "1"}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("filter_log_events", {"logGroupName": GROUP}),
    ("filter_log_events", {"logGroupIdentifier": f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"}),
    ("get_log_events", {"logGroupName": GROUP, "logStreamName": "a"}),
    ("describe_metric_filters", {"logGroupName": GROUP}),
    (
        "put_metric_filter",
        {"logGroupName": GROUP, "filterName": "f", "filterPattern": "", "metricTransformations": [METRIC]},
    ),
    ("describe_subscription_filters", {"logGroupName": GROUP}),
    ("create_export_task", {"logGroupName": GROUP, "from": 0, "to": 1, "destination": "bucket"}),
]


@pytest.mark.parametrize(("operation", "parameters"), REFUSED)
def test_what_only_the_standard_class_has_is_refused(logs: Any, operation: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(logs.exceptions.ClientError) as raised:
        getattr(logs, operation)(**parameters)
    assert raised.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "This operation is only supported on the Standard log class.",
    }


def test_nobody_tails_it(aws: AwsServer, logs: Any) -> None:
    tail = standing.client(aws, "logs", config=Config(inject_host_prefix=False))
    arn = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["logGroupArn"]
    with pytest.raises(logs.exceptions.ClientError, match=r"InvalidOperationException.*Standard log class"):
        tail.start_live_tail(logGroupIdentifiers=[arn])
    tail.close()


def test_insights_reads_it_but_for_a_few_commands(logs: Any, clock: Clock) -> None:
    now = int(clock.now())
    ask = {"logGroupName": GROUP, "startTime": now - 60, "endTime": now}
    query_id = logs.start_query(**ask, queryString="stats count(*) as n by level")["queryId"]
    answers = [logs.get_query_results(queryId=query_id) for _ in range(3)]
    assert answers[-1]["results"] == [[{"field": "level", "value": "error"}, {"field": "n", "value": "1"}]]
    for command in ("pattern @message", "diff", "filterIndex level = 1", "unmask(@message)"):
        with pytest.raises(logs.exceptions.MalformedQueryException, match="Infrequent Access") as raised:
            logs.start_query(**ask, queryString=f"fields @message | {command}")
        assert raised.value.response["queryCompileError"]["location"]["startCharOffset"] == 18
    logs.start_query(**ask | {"logGroupName": "/usual"}, queryString="fields @message | pattern @message")


def test_only_five_queries_over_it_run_at_once(logs: Any, clock: Clock) -> None:
    now = int(clock.now())
    ask = {"startTime": now - 60, "endTime": now, "queryString": "stats count(*)"}
    for _ in range(5):
        logs.start_query(logGroupName=GROUP, **ask)
    with pytest.raises(logs.exceptions.LimitExceededException, match=r"\[5\]"):
        logs.start_query(logGroupName=GROUP, **ask)
    logs.start_query(logGroupName="/usual", **ask)


def test_streams_are_described_all_the_same(logs: Any) -> None:
    assert logs.describe_log_streams(logGroupName=GROUP)["logStreams"][0]["logStreamName"] == "a"
    with pytest.raises(logs.exceptions.InvalidParameterException, match="LastEventTime"):
        logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="a")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken"):
        logs.describe_log_streams(logGroupName=GROUP, nextToken="no")
    for name in "bcd":
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
    first = logs.describe_log_streams(logGroupName=GROUP, limit=3, descending=True)
    rest = logs.describe_log_streams(logGroupName=GROUP, limit=3, descending=True, nextToken=first["nextToken"])
    names = [[each["logStreamName"] for each in page["logStreams"]] for page in (first, rest)]
    assert names == [["d", "c", "b"], ["a"]]
