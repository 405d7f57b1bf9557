"""The lines of a busy service: any number of them, each made when it is asked for, the same for the same seed."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

_SHAPES = 4_096
_CUSTOMERS = 9_000
_MIX = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_ROUTES = (
    ("GET", "/v2/catalogue/{n}"),
    ("GET", "/v2/basket"),
    ("POST", "/v2/basket/items"),
    ("POST", "/v2/checkout"),
    ("GET", "/v2/orders/{n}"),
    ("GET", "/health"),
)
_REASONS = (
    "Connection pool exhausted: QueuePool limit of size 20 overflow 10 reached",
    "connect ETIMEDOUT 10.20.4.17:5432",
    "upstream payment-gateway answered 503 after 3 attempts",
    "ProvisionedThroughputExceededException on lab_orders",
    "could not reserve stock: version conflict",
)
_TRACES = (
    "java.lang.IllegalStateException: basket %(customer)s is locked\n"
    "\tat com.example.lab.BasketService.lock(BasketService.java:118)\n"
    "\tat com.example.lab.CheckoutController.post(CheckoutController.java:64)\n"
    "Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available\n"
    "\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)\n"
    "\t... 42 more",
    "Traceback (most recent call last):\n"
    '  File "/app/checkout/pay.py", line 88, in charge\n'
    "    answer = gateway.charge(order, timeout=3)\n"
    '  File "/app/checkout/gateway.py", line 41, in charge\n'
    "    raise GatewayTimeout(order.id)\n"
    "checkout.gateway.GatewayTimeout: order of %(customer)s",
    "TypeError: Cannot read properties of undefined (reading 'total')\n"
    "    at renderBasket (/app/dist/basket.js:214:31)\n"
    "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
)


def busy_lines(seed: int) -> Callable[[int, int], str]:
    """Says what the event of a number at a time (ms) says.

    There are JSON and plain lines of every level, a few stack traces and, once in some hundreds, a secret as it slips
    into a log.
    """
    chance = random.Random(seed)
    shapes = [_shape(chance) for _ in range(_SHAPES)]
    offset = chance.getrandbits(64)

    def line(number: int, at: int) -> str:
        mixed = ((number + 1) * _MIX ^ offset) * _MIX & _MASK
        second, milliseconds = divmod(at, 1000)
        return shapes[mixed >> 52] % {
            "at": f"{_stamp(second)}.{milliseconds:03d}Z",
            "request": f"{mixed:016x}",
            "customer": f"cus_{mixed % _CUSTOMERS:04d}",
            "ms": 3 + mixed % 240 if mixed >> 20 & 63 else 1_200 + mixed % 4_000,
        }

    return line


@lru_cache(maxsize=4_096)
def _stamp(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"


def _shape(chance: random.Random) -> str:
    """A line with places for the time, the request, the customer and how long it took."""
    share = chance.random()
    method, path = chance.choice(_ROUTES)
    path = path.replace("{n}", str(chance.randint(100, 999)))
    if share < 0.55:
        status = 201 if method == "POST" else 200
        return _json("info", "request completed", method=method, path=path, statusCode=status)
    if share < 0.75:
        return f"%(at)s INFO  [web] {method} {path} 200 %(ms)sms request=%(request)s customer=%(customer)s"
    if share < 0.87:
        return f"%(at)s DEBUG [cache] hit key=basket:%(customer)s shard={chance.randint(0, 15)} request=%(request)s"
    if share < 0.94:
        return _json("warn", "slow statement", table=chance.choice(("orders", "baskets", "prices")))
    if share < 0.983:
        reason = chance.choice(_REASONS)
        failed = _json("error", reason, method=method, path=path, statusCode=chance.choice((500, 502, 503)))
        return chance.choice((failed, f"%(at)s ERROR [web] {path} failed: {reason} request=%(request)s"))
    if share < 0.994:
        return f"%(at)s ERROR [web] unhandled request=%(request)s\n{chance.choice(_TRACES)}"
    return chance.choice(("%(at)s WARN  [outbound] ", "%(at)s DEBUG [config] ")) + _leak(chance)


def _json(level: str, message: str, **more: object) -> str:
    fields = {"level": level, "timestamp": "%(at)s", "service": "storefront", "requestId": "%(request)s"}
    written = json.dumps(fields | {"customer_id": "%(customer)s", "message": message} | more)
    return f'{written[:-1]}, "duration": %(ms)s}}'


def _leak(chance: random.Random) -> str:
    """A secret in a line; none stands in this file."""
    digits = "0123456789"
    word = "".join(chance.choices("abcdefghjkmnpqrstuvwxyz23456789", k=24))
    capitals = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))
    halves = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in _TOKEN]
    return chance.choice(
        (
            f"retrying with Authorization: Bearer {word}",
            f"database url is postgres://shop:{word}@10.20.4.17:5432/shop",
            f"credentials AKIA{capitals} are about to expire",
            f"session={'.'.join((*halves, word))} renewed",
            f'posting {{"password": "{word}", "user": "shop"}}',
            f"invoice goes to {word[:8]}@example.com",
            f"card {_card('4' + ''.join(chance.choices(digits, k=14)))} was declined",
            f"notifying with xoxb-{''.join(chance.choices(digits, k=12))}-{word}",
        )
    )


def _card(digits: str) -> str:
    """The number of a card with its check digit (ISO/IEC 7812-1): what has a wrong one is no card."""
    doubled = [int(each) * (2 - place % 2) for place, each in enumerate(reversed(digits))]
    return f"{digits}{-sum(each // 10 + each % 10 for each in doubled) % 10}"


_TOKEN = ({"alg": "HS256", "typ": "JWT"}, {"sub": "storefront", "iat": 1_700_000_000})
