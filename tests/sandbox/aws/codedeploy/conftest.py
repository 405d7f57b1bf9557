from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.aws.codedeploy.counter import Counter
from tests.sandbox.aws.ecs.conftest import aws, client, clients, clock, running, shop
from tests.sandbox.aws.ecs.shop import Shop

__all__ = ["aws", "client", "clients", "clock", "running", "shop"]


@pytest.fixture
def counter(shop: Shop, client: Callable[..., Any]) -> Counter:
    return Counter(shop, client)
