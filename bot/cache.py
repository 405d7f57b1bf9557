"""Redis: PING and INFO, and nothing else.

KEYS, SCAN and MONITOR hold up a server that answers one command at a time; what an incident needs stands in INFO.
https://redis.io/docs/latest/commands/info/
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from redis import exceptions
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import CacheState, Credentials
from bot.redact import clean
from bot.within import within

PORT = 6379
_LINE = re.compile(r"^([a-z0-9_]+):([^\r\n]*)", re.MULTILINE)


class RedisCaches:
    """Fills ``bot.reach_ports.Caches``.

    ``credentials`` looks a secret up by account and name; ``ca_file`` is a PEM file of further trusted authorities.
    """

    def __init__(self, credentials: Callable[[Account, str], Credentials], ca_file: Path | None = None) -> None:
        self._credentials = credentials
        self._ca_file = ca_file

    def state(self, account: Account, address: str, secret: str, *, tls: bool, seconds: float) -> CacheState:
        """What the server tells of itself; a server that hangs is left after ``seconds``.

        Raises NotFoundError when neither the address nor the secret names a host. UpstreamError's ``code`` is the
        first word of Redis's refusal (NOAUTH, WRONGPASS, NOPERM, LOADING), MAXCLIENTS for one without a place left.
        """
        place = address or f"the server of the secret {secret}"
        try:
            return within(seconds + 0.5, lambda: self._state(account, address, secret, tls, seconds))
        except TimeoutError:
            text = f"Redis at {place} gave no answer within {seconds:g} s."
            raise UpstreamError(text, retryable=True) from None

    def _state(self, account: Account, address: str, secret: str, tls: bool, seconds: float) -> CacheState:
        deadline = time.monotonic() + seconds
        known = self._credentials(account, secret) if secret else Credentials("")
        host, port = known.host, known.port or PORT
        if address:
            host, _, given = address.partition(":")
            port = int(given or PORT)
        if not host:
            raise NotFoundError(f"The secret {secret} names no host; give the step an address.")
        place = f"{host}:{port}"
        connection = self._connection(host, port, known, tls, seconds)
        try:
            connection.connect()
            asked = time.perf_counter()
            _ask(connection, deadline, "PING")
            ping = (time.perf_counter() - asked) * 1000
            return _read(place, ping, str(_ask(connection, deadline, "INFO")))
        except (exceptions.RedisError, OSError, ValueError) as error:
            raise _worded(error, place, secret, known.password, seconds) from None
        finally:
            connection.disconnect()

    def _connection(self, host: str, port: int, known: Credentials, tls: bool, seconds: float) -> Any:
        options: dict[str, Any] = {
            "host": host,
            "port": port,
            "username": known.user or None,
            "password": known.password or None,
            "socket_timeout": seconds,
            "socket_connect_timeout": seconds,
            "retry": Retry(NoBackoff(), 0),
            "decode_responses": True,
            "encoding_errors": "replace",
            # With 3 the client says HELLO, and with a name CLIENT SETINFO: neither is needed for two commands.
            "protocol": 2,
            "driver_info": None,
        }
        # The library has no types where it makes connections.
        kind: Any = SSLConnection if tls else Connection
        encrypted = {"ssl_ca_certs": str(self._ca_file) if self._ca_file else None} if tls else {}
        return kind(**options, **encrypted)


def _ask(connection: Any, deadline: float, command: str) -> object:
    connection.send_command(command)
    return connection.read_response(timeout=max(0.05, deadline - time.monotonic()))


def _read(place: str, ping: float, text: str) -> CacheState:
    told = dict(_LINE.findall(text))
    if "redis_version" not in told and "valkey_version" not in told:
        raise ValueError("what it sent is no INFO")
    return CacheState(
        place=place,
        ping=ping,
        used=_whole(told, "used_memory"),
        limit=_whole(told, "maxmemory"),
        policy=told.get("maxmemory_policy", ""),
        hits=_whole(told, "keyspace_hits"),
        misses=_whole(told, "keyspace_misses"),
        evicted=_whole(told, "evicted_keys"),
        rejected=_whole(told, "rejected_connections"),
        clients=_whole(told, "connected_clients"),
        max_clients=_whole(told, "maxclients"),
        blocked=_whole(told, "blocked_clients"),
        role=told.get("role", ""),
        version=told.get("valkey_version") or told["redis_version"],
        uptime=float(_whole(told, "uptime_in_seconds")),
    )


def _whole(told: Mapping[str, str], name: str) -> int:
    value = told.get(name, "")
    return int(value) if value.isdecimal() else 0


def _worded(error: Exception, place: str, secret: str, password: str, seconds: float) -> UpstreamError:
    said = str(error) if not password else str(error).replace(password, "[redacted]")
    said = " ".join(clean(said).split())[:300].rstrip(".")
    where = f"Redis at {place}"
    if isinstance(error, exceptions.TimeoutError | TimeoutError):
        return UpstreamError(f"{where} gave no answer within {seconds:g} s.", retryable=True)
    if "max number of clients" in said:
        return UpstreamError(f"{where} takes no more connections: {said}.", code="MAXCLIENTS", retryable=True)
    if isinstance(error, exceptions.BusyLoadingError):
        return UpstreamError(f"{where} is still loading its data.", code="LOADING", retryable=True)
    if "without any password configured" in said:
        text = f"{where} wants no password, and the secret {secret} holds one."
        return UpstreamError(text, code="NOPASSWORD")
    if isinstance(error, exceptions.AuthenticationError):
        text = (
            f"{where} refuses the password that the secret {secret} holds."
            if secret
            else f"{where} wants a password; name its secret in the step."
        )
        return UpstreamError(text, code="WRONGPASS" if secret else "NOAUTH")
    if isinstance(error, exceptions.NoPermissionError):
        return UpstreamError(f"{where} does not allow this user to ask: {said}.", code="NOPERM")
    if isinstance(error, exceptions.ResponseError):
        return UpstreamError(f"{where} refused: {said}.", code=said.partition(" ")[0])
    if isinstance(error, ValueError):
        return UpstreamError(f"{where} did not answer as Redis does: {said}.")
    return UpstreamError(f"{where} cannot be reached: {said}.", retryable=True)
