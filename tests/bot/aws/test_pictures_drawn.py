"""The adapter of CloudWatch against the sandbox, whose alarms move: values, changes of state, and pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from bot.aws.metrics import Metrics
from bot.aws.session import Sessions
from bot.domain import Account, AlarmMetric
from bot.graph import Mark, MarkKind
from sandbox.aws.server import AwsServer
from tests.sandbox.aws import standing
from tests.sandbox.aws.cloudwatch.room import DIMENSIONS, Room

ERRORS = AlarmMetric(
    namespace="Shop",
    name="Errors",
    dimensions={each["Name"]: each["Value"] for each in DIMENSIONS},
    statistic="AVERAGE",
    period=60,
    threshold=5.0,
    comparison="GreaterThanThreshold",
)


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def room(running: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    server = standing.emptied(running)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    made: list[Any] = []

    def client(service: str) -> Any:
        made.append(standing.client(server, service, "us-east-1"))
        return made[-1]

    yield Room(client, server)
    for each in made:
        each.close()


def test_what_an_alarm_went_through_is_read_and_drawn(room: Room, sessions: Sessions, account: Account) -> None:
    room.alarm()
    began = room.aws.clock.now()
    for value in (1, 1, 9, 9, 1, 1):
        room.put(value)
        room.aws.clock.advance(60)
    room.aws.tick()
    metrics, now = Metrics(sessions), room.aws.clock.now()
    states = [each.state for each in metrics.transitions(account, "api-errors", since=began - 60)]
    assert states == ["OK", "ALARM", "OK"]
    span = {"start": began - 600, "end": now}
    assert [point.value for point in metrics.series(account, ERRORS, **span)] == [1, 1, 9, 9, 1, 1]
    mark = Mark(began + 90, "deploy v143", MarkKind.DEPLOYMENT)
    by_alarm = metrics.picture(account, "api-errors", marks=(mark,), **span)
    by_metric = metrics.picture(account, ERRORS, marks=(mark,), **span)
    assert by_alarm is not None
    assert by_alarm == by_metric
    assert by_alarm != metrics.picture(account, ERRORS, marks=(), **span)
    assert Image.open(io.BytesIO(by_alarm)).size == (1600, 720)


def test_a_composite_alarm_has_no_picture(room: Room, sessions: Sessions, account: Account) -> None:
    room.alarm()
    room.cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(api-errors)")
    assert Metrics(sessions).picture(account, "all", start=0, end=600, marks=()) is None
