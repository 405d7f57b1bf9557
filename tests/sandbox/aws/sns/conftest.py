"""One pretend AWS per test, under a clock that only moves when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.core.base_backend import BackendDict
from sandbox.aws.server import AwsServer

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from tests.sandbox.aws.sns.endpoint import Endpoint

START = 1_795_341_697.811  # 2026-11-22 10:01:37.811 UTC


@pytest.fixture
def clock() -> Clock:
    return Clock(start=START, speed=0)


@pytest.fixture
def aws(clock: Clock) -> Iterator[AwsServer]:
    server = AwsServer(clock, Faults(), Calls())
    server.start()
    yield server
    server.stop()
    BackendDict.reset()


@pytest.fixture
def client(aws: AwsServer) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(service: str, region: str = "us-east-1") -> Any:
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        made.append(boto3.client(service, region_name=region, endpoint_url=aws.url, **keys))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.stop()
