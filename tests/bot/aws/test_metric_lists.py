"""What there is in CloudWatch, from AWS's pages and from the sandbox; real boto3 in both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.aws.errors import NotPermittedError
from bot.aws.metric_lists import PAGES
from bot.aws.metrics import Metrics
from bot.aws.session import Sessions
from bot.domain import Account, AlarmMetric
from bot.signal import Line
from bot.signals.values import name_of, points_of, wanted
from bot.telemetry import Dashboard
from sandbox.aws.server import AwsServer
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws
from tests.bot.signals.readings import a_metric
from tests.sandbox.aws import standing


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def cloudwatch(running: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A CloudWatch with nothing in it."""
    server = standing.emptied(running)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    client = standing.client(server, "cloudwatch", "us-east-1")
    yield client
    client.close()


def a_page(number: int, *, more: bool) -> dict[str, Any]:
    metric = {"Namespace": "A", "MetricName": "M", "Dimensions": [{"Name": "N", "Value": str(number)}]}
    return {"Metrics": [metric]} | ({"NextToken": str(number + 1)} if more else {})


def test_metrics_are_read_from_all_pages_with_their_dimensions(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("ListMetrics", lambda asked: a_page(int(asked.get("NextToken", "1")), more=asked.get("NextToken") != "3"))
    found = Metrics(sessions).listed(account, "A", "M")
    assert found == tuple(AlarmMetric(namespace="A", name="M", dimensions={"N": value}) for value in "123")
    assert [(each["Namespace"], each["MetricName"]) for each in aws.asked("ListMetrics")] == [("A", "M")] * 3


def test_a_list_without_end_is_read_up_to_a_bound(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("ListMetrics", lambda asked: a_page(int(asked.get("NextToken", "1")), more=True))
    assert len(Metrics(sessions).listed(account, "A")) == PAGES
    assert all("MetricName" not in each for each in aws.asked("ListMetrics"))


def test_dashboards_are_sorted_by_name(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    entries = [{"DashboardName": name, "LastModified": 100, "Size": 2} for name in ("b", "a")]
    aws.on("ListDashboards", {"DashboardEntries": entries})
    assert Metrics(sessions).dashboards(account) == (Dashboard("a", 100.0), Dashboard("b", 100.0))


@pytest.mark.parametrize("operation", ["ListMetrics", "ListDashboards"])
def test_a_missing_permission_is_named(aws: ScriptedAws, sessions: Sessions, account: Account, operation: str) -> None:
    aws.on(operation, Refusal("AccessDenied", f"User is not authorized to perform: cloudwatch:{operation}", 403))
    metrics = Metrics(sessions)
    with pytest.raises(NotPermittedError, match=f"cloudwatch:{operation}"):
        metrics.listed(account, "A") if operation == "ListMetrics" else metrics.dashboards(account)


def test_what_is_stored_in_cloudwatch_is_listed_and_read_as_percentiles_and_shares(
    cloudwatch: Any, running: AwsServer, sessions: Sessions, account: Account
) -> None:
    began = running.clock.now() // 60 * 60 - 300
    where = [{"Name": "Service", "Value": "api"}]
    for number, (served, failed) in enumerate(((200.0, 10.0), (100.0, None))):
        at = datetime.fromtimestamp(began + 60 * number, UTC)
        data: list[dict[str, Any]] = [
            {"MetricName": "Requests", "Value": served},
            {"MetricName": "Latency", "Values": [1.0, 9.0], "Counts": [98.0, 2.0]},
        ]
        data += [{"MetricName": "Errors", "Value": failed}] if failed is not None else []
        stamped = [each | {"Dimensions": where, "Timestamp": at} for each in data]
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=stamped)
    metrics = Metrics(sessions)
    assert {each.name for each in metrics.listed(account, "Shop")} == {"Requests", "Latency", "Errors"}
    assert metrics.listed(account, "Shop", "Errors")[0].dimensions == {"Service": "api"}
    errors, requests = (a_metric(f"Shop/{name}", Service="api") for name in ("Errors", "Requests"))
    slowest, usual = (a_metric("Shop/Latency", stat, Service="api") for stat in ("p99", "p50"))
    asked = {name_of(each): each.model_copy(update={"period": 60}) for each in (errors, requests, slowest, usual)}
    values = metrics.several(account, asked, start=began, end=began + 600)
    rate = Line("rate", (errors,), (requests,), share=True)
    assert [each.value for each in points_of(rate, values, 60, began + 600)] == [5.0, 0.0]
    assert [each.value for each in values[name_of(slowest)]] == [9.0, 9.0]
    assert [each.value for each in values[name_of(usual)]] == [1.0, 1.0]
    assert wanted((), 60) == {}


def test_a_dashboard_that_was_made_is_listed(cloudwatch: Any, sessions: Sessions, account: Account) -> None:
    body = '{"widgets": []}'
    cloudwatch.put_dashboard(DashboardName="rapid-photo-prod-dashboard", DashboardBody=body)
    (found,) = Metrics(sessions).dashboards(account)
    assert found.name == "rapid-photo-prod-dashboard"
    assert found.modified_at > 0
