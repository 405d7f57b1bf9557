"""A clock that only moves when a test says so, and no ticks of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config

from sandbox.aws.server import AwsServer
from tests.sandbox.aws import standing
from tests.sandbox.aws.functions.mill import Mill

ONE_TRY = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def aws(running: AwsServer) -> AwsServer:
    return standing.emptied(running)


@pytest.fixture(scope="module")
def clients(running: AwsServer) -> Iterator[Callable[..., Any]]:
    made: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in made:
            made[service] = standing.client(running, service, config=ONE_TRY)
        return made[service]

    yield make
    for each in made.values():
        each.close()


@pytest.fixture
def mill(aws: AwsServer, clients: Callable[..., Any]) -> Mill:
    return Mill(clients, aws.clock)
