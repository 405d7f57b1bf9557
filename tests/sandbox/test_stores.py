"""The pretend PostgreSQL and Redis, asked by the bot's own clients."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.cache import RedisCaches
from bot.database import PostgresDatabases
from bot.domain import Account
from bot.errors import UpstreamError
from bot.health.database import QUERY
from bot.reach_ports import Credentials, Question
from sandbox.stores import Stores

HERE = Account("us-east-1")


@pytest.fixture
def stores() -> Iterator[Stores]:
    made = Stores()
    made.postgres.password = secrets.token_hex(8)
    made.start()
    yield made
    made.stop()


def databases(stores: Stores, **changes: str) -> PostgresDatabases:
    port = stores.addresses[0][1]
    login = Credentials("db", stores.postgres.password, "arbor", "127.0.0.1", port, "arbor")
    return PostgresDatabases(lambda account, secret: replace(login, **changes))  # type: ignore[arg-type]


def test_connections_are_counted(stores: Stores) -> None:
    stores.postgres.open = 190
    found = databases(stores).ask(HERE, Question("db", QUERY))
    assert found.columns == ("open", "active", "most")
    assert found.rows == ((190.0, 6.0, 197.0),)


def test_nobody_gets_in_without_the_password(stores: Stores) -> None:
    with pytest.raises(UpstreamError) as caught:
        databases(stores, password="another").ask(HERE, Question("db", QUERY))
    assert caught.value.code == "28P01"


def test_other_questions_are_refused(stores: Stores) -> None:
    with pytest.raises(UpstreamError, match="only counts its connections"):
        databases(stores).ask(HERE, Question("db", "SELECT 1"))


def test_redis_tells_of_its_memory(stores: Stores) -> None:
    stores.redis.used = stores.redis.limit
    host, port = stores.addresses[1]
    caches = RedisCaches(lambda account, secret: Credentials(secret))
    found = caches.state(HERE, f"{host}:{port}", "", tls=False, seconds=2)
    assert (found.used, found.limit, found.policy) == (found.limit, 1024**3, "noeviction")
    assert found.clients == 34


def test_redis_takes_no_password_that_it_does_not_want(stores: Stores) -> None:
    host, port = stores.addresses[1]
    caches = RedisCaches(lambda account, secret: Credentials(secret, password=secrets.token_hex(8)))
    with pytest.raises(UpstreamError, match="does not know AUTH"):
        caches.state(HERE, f"{host}:{port}", "cache", tls=False, seconds=2)
