"""The pretend AWS under a clock that stands until a test moves it, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict

from sandbox.aws.server import AwsServer
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults

START = 1_795_341_697.811  # 2026-11-22 10:01:37.811 UTC


@contextmanager
def server(*, start: float = START, ticker: bool = False) -> Iterator[AwsServer]:
    """One server; with a ``ticker`` it lives by itself, else when a test says ``tick``."""
    started = AwsServer(Clock(start=start, speed=0), Faults(), Calls(), ticker=ticker)
    started.start()
    try:
        yield started
    finally:
        started.stop()
        BackendDict.reset()


def emptied(started: AwsServer, start: float = START) -> AwsServer:
    """The same server: nothing in it, no faults, its clock set back to ``start`` (seconds since the epoch)."""
    BackendDict.reset()
    started.faults.clear()
    Clock.__init__(started.clock, start=start, speed=0)
    return started


def client(started: AwsServer, service: str, region: str = "us-east-1", config: Config | None = None) -> Any:
    """A boto3 client, which tries once unless ``config`` says otherwise. Close it."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=started.url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=config or Config(retries={"total_max_attempts": 1}),
    )
