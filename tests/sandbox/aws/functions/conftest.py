"""A clock that only moves when a test says so, and no ticks of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.core.base_backend import BackendDict

from sandbox.aws.server import AwsServer
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from tests.sandbox.aws.functions.mill import Mill

START = 1_795_341_697.811  # 2026-11-22 10:01:37.811 UTC
ONE_TRY = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    server = AwsServer(Clock(start=START, speed=0), Faults(), Calls(), ticker=False)
    server.start()
    yield server
    server.stop()
    BackendDict.reset()


@pytest.fixture
def aws(running: AwsServer) -> AwsServer:
    BackendDict.reset()
    running.faults.clear()
    Clock.__init__(running.clock, start=START, speed=0)
    return running


@pytest.fixture(scope="module")
def clients(running: AwsServer) -> Iterator[Callable[..., Any]]:
    made: dict[str, Any] = {}

    def make(service: str) -> Any:
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        if service not in made:
            made[service] = boto3.client(
                service, region_name="us-east-1", endpoint_url=running.url, config=ONE_TRY, **keys
            )
        return made[service]

    yield make
    for each in made.values():
        each.close()


@pytest.fixture
def mill(aws: AwsServer, clients: Callable[..., Any]) -> Mill:
    return Mill(clients, aws.clock)
