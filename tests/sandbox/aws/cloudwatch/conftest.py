"""A room with an alarm in it, for the tests of alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws.server import AwsServer
from tests.sandbox.aws.cloudwatch.room import Room


@pytest.fixture
def room(client: Callable[..., Any], aws: AwsServer) -> Room:
    return Room(client, aws)
