"""A pretend AWS for the tests of a file, with its faults cleared between them, and clients that try once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config

from sandbox.aws.server import AwsServer
from tests.sandbox.aws import standing


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def aws(running: AwsServer) -> Iterator[AwsServer]:
    yield standing.emptied(running)
    running.faults.clear()


@pytest.fixture
def client(aws: AwsServer) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(service: str, region: str = "us-east-1", attempts: int = 1, read_timeout: float = 30.0) -> Any:
        retries = {"total_max_attempts": attempts, "mode": "standard"}
        config = Config(retries=retries, connect_timeout=5, read_timeout=read_timeout)
        made.append(standing.client(aws, service, region, config))
        return made[-1]

    yield make
    for each in made:
        each.close()
