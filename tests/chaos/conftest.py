"""The ground of those drills in which the bot dies at its effects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.drill import Drill
from tests.chaos.ground import drilling


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    with drilling(tmp_path_factory.mktemp("chaos"), "--fork") as drill:
        yield drill


@pytest.fixture(autouse=True)
def _calm_afterwards(drill: Drill) -> Iterator[None]:
    """No test leaves its orders to the next."""
    yield
    drill.drop_orders()
