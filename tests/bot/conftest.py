"""Real servers, started once for all tests that ask them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.servers import Postgres, Redis, running_postgres, running_redis, write_certificates


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A real Redis."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with server.pem and server.key for localhost, and authority.pem that signed them."""
    folder = tmp_path_factory.mktemp("certified")
    write_certificates(folder)
    return folder
