"""A service that is scaled by itself, in the pretend AWS of the ECS tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws.server import AwsServer
from tests.sandbox.aws.autoscaling.scaled import Scaled
from tests.sandbox.aws.ecs.conftest import aws, client, clients, clock, running, shop
from tests.sandbox.aws.ecs.shop import Shop

__all__ = ["aws", "client", "clients", "clock", "running", "shop"]


@pytest.fixture
def scaled(shop: Shop, client: Callable[..., Any], aws: AwsServer) -> Scaled:
    shop.create("v1", desired=2)
    return Scaled(shop, client, aws)
