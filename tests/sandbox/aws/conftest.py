"""One pretend AWS for the tests of a file, emptied between them, under a clock that only moves when a test says so."""

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

START = 1_795_341_697.811  # 2026-11-22 10:01:37.811 UTC
ONE_TRY = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    server = AwsServer(Clock(start=START, speed=0), Faults(), Calls())
    server.start()
    yield server
    server.stop()
    BackendDict.reset()


@pytest.fixture
def aws(running: AwsServer) -> AwsServer:
    BackendDict.reset()
    Clock.__init__(running.clock, start=START, speed=0)
    return running


@pytest.fixture
def clock(aws: AwsServer) -> Clock:
    return aws.clock


@pytest.fixture
def client(aws: AwsServer) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(service: str, region: str = "us-east-1") -> Any:
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        made.append(boto3.client(service, region_name=region, endpoint_url=aws.url, config=ONE_TRY, **keys))
        return made[-1]

    yield make
    for each in made:
        each.close()
