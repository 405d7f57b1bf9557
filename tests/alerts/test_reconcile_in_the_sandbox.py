"""Asking a CloudWatch that behaves, with the real adapter: what it never told is found, and then its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from alerts.alarms import Alarms
from alerts.reconcile import GRACE_SECONDS, Reconciler
from bot.aws.metrics import Metrics
from bot.aws.session import Sessions
from bot.domain import Account
from bot.incident import Incident, Phase
from sandbox.aws.server import AwsServer
from tests.sandbox.aws import standing
from tests.scene import Scene

REGION = "eu-west-1"


class SandboxSessions:
    """Sessions whose every client goes to the sandbox."""

    def __init__(self, **by_region: Any) -> None:
        self._by_region = by_region

    def client(self, account: Account, service: str) -> Any:
        assert service == "cloudwatch"
        return self._by_region[account.region.replace("-", "_")]


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def cloudwatch(running: AwsServer, scene: Scene) -> Iterator[Any]:
    client = standing.client(standing.emptied(running, scene.clock.now()), "cloudwatch", REGION)
    yield client
    client.close()


@pytest.fixture
def reconciler(running: AwsServer, cloudwatch: Any, scene: Scene) -> Iterator[Reconciler]:
    """Asks the sandbox, where the alarms of the site's distribution would be in another region."""
    elsewhere = standing.client(running, "cloudwatch", "us-east-1")
    sessions = SandboxSessions(eu_west_1=cloudwatch, us_east_1=elsewhere)
    world = replace(scene.world, metrics=Metrics(cast("Sessions", sessions)))
    scene.engine._machines = {**scene.engine._machines, "alarm": Alarms(scene.store, world)}
    yield Reconciler(scene.store, world)
    elsewhere.close()


def test_an_alarm_that_was_never_told_is_found_and_so_is_its_end(
    running: AwsServer, cloudwatch: Any, scene: Scene, reconciler: Reconciler
) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="api-down",
        AlarmDescription="nobody was told",
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "ServiceName", "Value": "api"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=80.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_composite_alarm(AlarmName="api-errors", AlarmRule="ALARM(api-down)")

    def go(state: str) -> int:
        cloudwatch.set_alarm_state(AlarmName="api-down", StateValue=state, StateReason=f"set to {state}")
        assert reconciler.run(scene.clock.now()) == 0
        scene.clock.advance(GRACE_SECONDS + 30)
        running.clock.advance(GRACE_SECONDS + 30)
        found = reconciler.run(scene.clock.now())
        scene.run(3)
        return found

    assert go("ALARM") >= 1
    (row,) = [row for row in scene.incidents() if row.body["alarm"]["name"] == "api-down"]
    incident = Incident.model_validate(row.body)
    assert (row.state, incident.alarm.source, incident.alarm.reason) == (Phase.OPEN, "asked", "set to ALARM")
    assert incident.alarm.description == "nobody was told"
    assert incident.alarm.metric is not None and incident.alarm.metric.dimensions == {"ServiceName": "api"}
    assert go("OK") >= 1
    (row,) = [row for row in scene.incidents() if row.body["alarm"]["name"] == "api-down"]
    assert row.state == Phase.RECOVERED


def test_an_alarm_nobody_listed_is_found_where_it_notifies_and_so_is_that_it_was_deleted(
    running: AwsServer, cloudwatch: Any, scene: Scene, reconciler: Reconciler
) -> None:
    actions = {"billing": f"arn:aws:sns:{REGION}:123456789012:alerts", "quiet": f"arn:aws:automate:{REGION}:ec2:stop"}
    for name, action in actions.items():
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Shop",
            MetricName="Spent",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[action],
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="too much")

    def look() -> int:
        scene.clock.advance(GRACE_SECONDS + 30)
        running.clock.advance(GRACE_SECONDS + 30)
        found = reconciler.run(scene.clock.now())
        scene.run(3)
        return found

    assert look() == 1
    (row,) = scene.incidents()
    assert Incident.model_validate(row.body).alarm.name == "billing"
    cloudwatch.delete_alarms(AlarmNames=["billing"])
    assert [look(), look()] == [1, 0]
    (row,) = scene.incidents()
    assert Incident.model_validate(row.body).is_unknown
