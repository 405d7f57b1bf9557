from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.clock import Clock

Client = Callable[..., Any]
BODY = '{"widgets": [{"type": "text", "properties": {"markdown": "Ü"}}]}'


@pytest.fixture
def cloudwatch(client: Client) -> Any:
    return client("cloudwatch")


def names(answer: dict[str, Any]) -> list[str]:
    return [each["DashboardName"] for each in answer["DashboardEntries"]]


def test_a_dashboard_is_the_account_s_in_every_region(cloudwatch: Any, client: Client, clock: Clock) -> None:
    assert client("cloudwatch", "ap-northeast-1").put_dashboard(DashboardName="shop", DashboardBody=BODY)
    found = cloudwatch.get_dashboard(DashboardName="shop")
    assert (found["DashboardBody"], found["DashboardArn"]) == (
        BODY,
        "arn:aws:cloudwatch::123456789012:dashboard/shop",
    )
    (entry,) = cloudwatch.list_dashboards()["DashboardEntries"]
    assert entry["LastModified"].timestamp() == pytest.approx(clock.now(), abs=1)
    assert entry["Size"] == len(BODY.encode())


def test_dashboards_are_listed_by_prefix_a_thousand_at_a_time(cloudwatch: Any) -> None:
    for number in range(1_001):
        cloudwatch.put_dashboard(DashboardName=f"shop-{number:04d}", DashboardBody=BODY)
    cloudwatch.put_dashboard(DashboardName="other", DashboardBody=BODY)
    assert names(cloudwatch.list_dashboards(DashboardNamePrefix="o")) == ["other"]
    pages = list(cloudwatch.get_paginator("list_dashboards").paginate(DashboardNamePrefix="shop-"))
    assert [len(names(page)) for page in pages] == [1_000, 1]
    assert names(pages[1]) == ["shop-1000"]


def test_what_is_not_there_and_what_is_no_dashboard_is_refused(cloudwatch: Any) -> None:
    with pytest.raises(cloudwatch.exceptions.ClientError, match="ResourceNotFound"):
        cloudwatch.get_dashboard(DashboardName="nobody")
    with pytest.raises(cloudwatch.exceptions.ClientError, match="ResourceNotFound"):
        cloudwatch.delete_dashboards(DashboardNames=["nobody"])
    for body in ("no json", "[]", '{"widgets": 1}'):
        with pytest.raises(cloudwatch.exceptions.ClientError, match="DashboardBody"):
            cloudwatch.put_dashboard(DashboardName="shop", DashboardBody=body)
    cloudwatch.put_dashboard(DashboardName="shop", DashboardBody=BODY)
    cloudwatch.delete_dashboards(DashboardNames=["shop"])
    assert names(cloudwatch.list_dashboards()) == []
