"""One pretend AWS for the tests of a file, emptied between them, under a clock that only moves when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from tests.sandbox.aws import standing
from tests.sandbox.aws.ecs.shop import Shop


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def aws(running: AwsServer) -> AwsServer:
    return standing.emptied(running)


@pytest.fixture
def clock(aws: AwsServer) -> Clock:
    return aws.clock


@pytest.fixture(scope="module")
def clients(running: AwsServer) -> Iterator[Callable[..., Any]]:
    made: dict[tuple[str, str], Any] = {}

    def make(service: str, region: str = "us-east-1") -> Any:
        if (service, region) not in made:
            made[service, region] = standing.client(running, service, region)
        return made[service, region]

    yield make
    for each in made.values():
        each.close()


@pytest.fixture
def client(aws: AwsServer, clients: Callable[..., Any]) -> Callable[..., Any]:
    return clients


@pytest.fixture
def shop(client: Callable[..., Any], clock: Clock) -> Shop:
    return Shop(client, clock)
