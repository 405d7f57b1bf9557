"""What there is in CloudWatch: the metrics of a namespace and the dashboards of an account."""

from __future__ import annotations

from typing import Any

from bot.aws.calls import seconds
from bot.aws.errors import ask
from bot.domain import AlarmMetric
from bot.telemetry import Dashboard

PAGES = 6
"""Pages read of one list: 500 metrics on each, 1,000 dashboards."""


def listed_metrics(client: Any, namespace: str, name: str) -> tuple[AlarmMetric, ...]:
    """ListMetrics: metrics with data within the last two weeks."""
    parameters = {"Namespace": namespace} | ({"MetricName": name} if name else {})
    found: list[AlarmMetric] = []
    for page in _pages(client, "list_metrics", parameters):
        for each in page.get("Metrics", ()):
            where = {str(pair["Name"]): str(pair["Value"]) for pair in each.get("Dimensions", ())}
            found.append(AlarmMetric(namespace=each["Namespace"], name=each["MetricName"], dimensions=where))
    return tuple(found)


def listed_dashboards(client: Any) -> tuple[Dashboard, ...]:
    """ListDashboards, sorted by name."""
    found = [
        Dashboard(str(each["DashboardName"]), seconds(each.get("LastModified")))
        for page in _pages(client, "list_dashboards", {})
        for each in page.get("DashboardEntries", ())
    ]
    return tuple(sorted(found, key=lambda each: each.name))


def _pages(client: Any, operation: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    pages = []
    for _ in range(PAGES):
        answer = ask(client, operation, **parameters)
        pages.append(answer)
        if not answer.get("NextToken"):
            break
        parameters = {**parameters, "NextToken": answer["NextToken"]}
    return pages
