"""Redis as a step asks it, against a real server."""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from bot import reach_ports
from bot.cache import RedisCaches
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import CacheState, Credentials
from tests.bot.servers import Redis, closed_port, stopped

HERE = Account("eu-west-1")
SECRET = "arbor/production/redis"


@pytest.fixture
def caches(redis_server: Redis) -> RedisCaches:
    return RedisCaches(lambda account, secret: Credentials(secret, redis_server.password))


@pytest.fixture
def state(caches: RedisCaches, redis_server: Redis) -> Callable[..., CacheState]:
    def asked(seconds: float = 3, tls: bool = False) -> CacheState:
        return caches.state(HERE, redis_server.address, SECRET, tls=tls, seconds=seconds)

    return asked


@pytest.fixture
def client(redis_server: Redis) -> Iterator[redis.Redis]:
    """What an application does."""
    with redis.Redis(port=redis_server.port, password=redis_server.password) as connected:
        yield connected


def refusal(call: Callable[[], object]) -> UpstreamError:
    with pytest.raises(UpstreamError) as raised:
        call()
    return raised.value


def test_it_fills_the_port(caches: RedisCaches, redis_server: Redis) -> None:
    filled: reach_ports.Caches = caches
    assert filled.state(HERE, redis_server.address, SECRET, tls=False, seconds=3).place == redis_server.address


def test_memory_hits_and_clients_are_read(state: Callable[..., CacheState], client: redis.Redis) -> None:
    before = state()
    client.set("plan:1", "x")
    for _ in range(3):
        client.get("plan:1")
    client.get("plan:none")
    after = state()
    assert (after.hits - before.hits, after.misses - before.misses) == (3, 1)
    assert (after.limit, after.policy, after.max_clients) == (64 * 1024 * 1024, "allkeys-lru", 50)
    assert 0 < after.used < after.limit
    assert 0 < after.ping < 3000
    assert (after.clients, after.blocked, after.role) == (2, 0, "master")
    assert after.version.startswith("6.2.")


def test_evicted_keys_are_counted(state: Callable[..., CacheState], client: redis.Redis) -> None:
    client.config_set("maxmemory", "2mb")
    for number in range(40):
        client.set(f"large:{number}", "x" * 100_000)
    full = state()
    client.config_set("maxmemory", "64mb")
    client.flushall()
    assert full.evicted > 0
    assert full.limit == 2 * 1024 * 1024


def test_clients_that_wait_are_counted(
    state: Callable[..., CacheState], client: redis.Redis, redis_server: Redis
) -> None:
    with redis.Redis(port=redis_server.port, password=redis_server.password) as waiting:
        connection = waiting.connection_pool.get_connection()
        connection.send_command("BLPOP", "queue", 0)
        client.ping()
        blocked = state().blocked
        connection.disconnect()
    assert blocked == 1


def test_nothing_but_ping_and_info_is_asked(state: Callable[..., CacheState], client: redis.Redis) -> None:
    client.config_resetstat()
    state()
    known = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
    assert known - {"config|resetstat", "config"} == {"auth", "ping", "info"}


def test_a_wrong_password_is_not_told(redis_server: Redis, caplog: pytest.LogCaptureFixture) -> None:
    wrong = secrets.token_urlsafe(16)
    caches = RedisCaches(lambda account, secret: Credentials(secret, wrong))
    error = refusal(lambda: caches.state(HERE, redis_server.address, SECRET, tls=False, seconds=3))
    assert str(error) == f"Redis at {redis_server.address} refuses the password that the secret {SECRET} holds."
    assert error.code == "WRONGPASS"
    assert wrong not in caplog.text + repr(error) + repr(error.__cause__)


def test_a_password_that_is_wanted_is_said(caches: RedisCaches, redis_server: Redis) -> None:
    error = refusal(lambda: caches.state(HERE, redis_server.address, "", tls=False, seconds=3))
    assert str(error) == f"Redis at {redis_server.address} wants a password; name its secret in the step."
    assert error.code == "NOAUTH"


def test_a_password_that_nobody_wants_is_said(
    state: Callable[..., CacheState], client: redis.Redis, redis_server: Redis
) -> None:
    client.config_set("requirepass", "")
    error = refusal(state)
    client.config_set("requirepass", redis_server.password)
    assert str(error) == f"Redis at {redis_server.address} wants no password, and the secret {SECRET} holds one."


def test_a_user_who_may_not_ask_is_said(client: redis.Redis, redis_server: Redis) -> None:
    password = secrets.token_urlsafe(8)
    client.acl_setuser("watcher", enabled=True, passwords=[f"+{password}"], commands=["+ping"])
    caches = RedisCaches(lambda account, secret: Credentials(secret, password, user="watcher"))
    error = refusal(lambda: caches.state(HERE, redis_server.address, SECRET, tls=False, seconds=3))
    client.acl_deluser("watcher")
    assert (error.code, "does not allow this user to ask" in str(error)) == ("NOPERM", True)


def test_a_server_without_a_place_left_is_told_by_its_code(
    state: Callable[..., CacheState], redis_server: Redis
) -> None:
    with ExitStack() as crowd:
        for _ in range(50):
            guest = crowd.enter_context(socket.create_connection(("127.0.0.1", redis_server.port)))
            # Only what it has answered has a place; a connection may wait before the door for a while.
            guest.sendall(b"PING\r\n")
            guest.recv(64)
        error = refusal(state)
    assert (error.code, "takes no more connections" in str(error)) == ("MAXCLIENTS", True)


def test_a_server_that_is_away_is_said(caches: RedisCaches) -> None:
    with closed_port() as port:
        address = f"127.0.0.1:{port}"
        error = refusal(lambda: caches.state(HERE, address, "", tls=False, seconds=3))
    assert str(error).startswith(f"Redis at {address} cannot be reached: ")
    assert "refused" in str(error) and error.retryable


def test_a_server_that_hangs_is_left_in_time(state: Callable[..., CacheState], redis_server: Redis) -> None:
    before = set(threading.enumerate())
    began = time.monotonic()
    with stopped(redis_server.process):
        error = refusal(lambda: state(seconds=0.5))
        assert time.monotonic() - began < 5
        assert str(error) == f"Redis at {redis_server.address} gave no answer within 0.5 s."
        for thread in set(threading.enumerate()) - before:
            thread.join(2)
        assert set(threading.enumerate()) <= before
    assert state().role == "master"


def test_a_server_of_another_kind_is_said(caches: RedisCaches) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connected, _ = listening.accept()
            with connected:
                connected.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                connected.recv(1000)

        threading.Thread(target=greet, daemon=True).start()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        error = refusal(lambda: caches.state(HERE, address, "", tls=False, seconds=2))
    assert str(error).startswith(f"Redis at {address} ")


def test_host_and_port_may_come_with_the_secret(redis_server: Redis) -> None:
    whole = Credentials(SECRET, redis_server.password, host="127.0.0.1", port=redis_server.port)
    found = RedisCaches(lambda account, secret: whole).state(HERE, "", SECRET, tls=False, seconds=3)
    assert found.place == redis_server.address


def test_a_secret_without_host_wants_an_address(caches: RedisCaches) -> None:
    with pytest.raises(NotFoundError, match=f"The secret {SECRET} names no host; give the step an address"):
        caches.state(HERE, "", SECRET, tls=False, seconds=3)


@contextmanager
def encrypted(redis_server: Redis, folder: Path) -> Iterator[int]:
    """The same server behind TLS, as ElastiCache with encryption in transit; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                plain, _ = listening.accept()
                with (
                    context.wrap_socket(plain, server_side=True) as inward,
                    socket.create_connection(("127.0.0.1", redis_server.port)) as outward,
                ):
                    while asked := inward.recv(4096):
                        outward.sendall(asked)
                        inward.sendall(outward.recv(65536))
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_encryption_verifies_the_certificate(redis_server: Redis, certified: Path) -> None:
    def credentials(account: Account, secret: str) -> Credentials:
        return Credentials(secret, redis_server.password)

    with encrypted(redis_server, certified) as port:
        known = RedisCaches(credentials, certified / "authority.pem")
        found = known.state(HERE, f"localhost:{port}", SECRET, tls=True, seconds=3)
        assert found.role == "master"
    with encrypted(redis_server, certified) as port:
        stranger = RedisCaches(credentials)
        error = refusal(lambda: stranger.state(HERE, f"localhost:{port}", SECRET, tls=True, seconds=3))
    assert "certificate" in str(error).lower()
