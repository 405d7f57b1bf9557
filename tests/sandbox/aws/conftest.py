"""One pretend AWS for the tests of a file, emptied between them, under a clock that only moves when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from tests.sandbox.aws import standing


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


@pytest.fixture
def client(aws: AwsServer) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(service: str, region: str = "us-east-1") -> Any:
        made.append(standing.client(aws, service, region))
        return made[-1]

    yield make
    for each in made:
        each.close()
