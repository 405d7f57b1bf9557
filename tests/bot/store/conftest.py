"""One store of each kind: the whole suite runs against every adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.rows import Store
from bot.store.sqlite import SqliteStore

FACTORIES: dict[str, Callable[[Path], Store]] = {"sqlite": lambda folder: SqliteStore(folder / "rows.db")}


@pytest.fixture(params=FACTORIES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    made = FACTORIES[request.param](tmp_path)
    yield made
    made.close()
