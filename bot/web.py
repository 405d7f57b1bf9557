"""Plain HTTP to a team's own addresses, through the company's proxy where there is one."""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.cloud import HealthAnswer
from bot.domain import Health
from bot.errors import UpstreamError

TIMEOUT = 5.0
"""Seconds for a whole answer."""
LARGEST = 64 * 1024
"""Bytes read of an answer."""
REDIRECTS = 3
"""Redirects followed, and only on the same host: another host's health is not this service's."""
_LONGEST = 300


@dataclass(frozen=True)
class _Answer:
    code: int
    body: bytes


class HttpWeb:
    """Fills ``bot.ports.Web``. ``proxy`` is its address, ``ca_file`` a PEM file of further trusted authorities.

    ``vpc_proxy`` is asked for the private addresses of tasks, where the bot does not live next door to them.
    """

    def __init__(self, proxy: str | None, ca_file: Path | None, vpc_proxy: str | None = None) -> None:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        self._client = _client(proxy or None, context)
        # Tasks in private networks are next door; the company's proxy leads the other way.
        self._direct = _client(vpc_proxy or None, context) if proxy or vpc_proxy else self._client

    def check(self, health: Health, deployed: str = "") -> HealthAnswer:
        """Ask a health address once (5 s) and compare with what the configuration expects. Never raises.

        ``deployed`` is the tag that ``version: deployed`` stands for; a leading v makes no difference, and without a
        tag that expectation is left out.
        """
        return self._compared(health, deployed, self._client, TIMEOUT)

    def get(self, health: Health, *, seconds: float, direct: bool = False) -> HealthAnswer:
        """Ask any address once, within ``seconds``, and compare; ``direct`` leaves the proxy out. Never raises."""
        return self._compared(health, "", self._direct if direct else self._client, seconds)

    def _compared(self, health: Health, deployed: str, client: httpx.Client, seconds: float) -> HealthAnswer:
        began = time.monotonic()
        try:
            answer = _get(client, health.url, seconds)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return HealthAnswer(False, 0, f"not reached: {_reason(error, seconds)}", seconds=time.monotonic() - began)
        fields = _fields(answer.body)
        wrong = _mismatches(health, answer.code, fields, deployed)
        return HealthAnswer(
            ok=not wrong,
            code=answer.code,
            detail=("; ".join(wrong) or f"HTTP {answer.code}")[:_LONGEST],
            version=str(fields.get("version", ""))[:100],
            seconds=time.monotonic() - began,
        )

    def fetch(self, url: str) -> bytes:
        """The body of an address, at most 64 KB. Raises UpstreamError unless it answers 200."""
        try:
            answer = _get(self._client, url, TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise UpstreamError(f"{url} cannot be reached: {_reason(error, TIMEOUT)}.", retryable=True) from error
        if answer.code != 200:
            text = f"{url} answered {answer.code}."
            raise UpstreamError(text, code=str(answer.code), retryable=answer.code >= 500)
        return answer.body

    def ping(self, url: str) -> None:
        """Ask an address that only wants to be asked. Raises UpstreamError unless it answers 2xx.

        The error names its host and no more, since whoever knows the whole address may ping it.
        """
        host = httpx.URL(url).host
        try:
            answer = _get(self._client, url, TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            text = _reason(error, TIMEOUT).replace(url, host)
            raise UpstreamError(f"{host} cannot be reached: {text}.", retryable=True) from None
        if not 200 <= answer.code < 300:
            raise UpstreamError(f"{host} answered {answer.code}.", code=str(answer.code), retryable=True)

    def close(self) -> None:
        """Give back every connection."""
        self._client.close()
        self._direct.close()


def _client(proxy: str | None, context: ssl.SSLContext) -> httpx.Client:
    # Only what the bot was told to use: a proxy left in some environment variable is not that.
    return httpx.Client(
        proxy=proxy,
        verify=context,
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "runbook-bot", "Accept-Encoding": "identity"},
    )


def _get(client: httpx.Client, url: str, seconds: float) -> _Answer:
    deadline = time.monotonic() + seconds
    address = httpx.URL(url)
    for _ in range(REDIRECTS + 1):
        left = max(0.05, deadline - time.monotonic())
        with client.stream("GET", address, timeout=left) as response:
            onward = response.next_request.url if response.next_request else None
            if onward is None or onward.host != address.host:
                return _Answer(response.status_code, _body(response, deadline))
        address = onward
    raise httpx.TooManyRedirects(f"more than {REDIRECTS} redirects")


def _body(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) >= LARGEST:
            break
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer took too long")
    return bytes(body[:LARGEST])


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {seconds:g} s"
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:_LONGEST]


def _fields(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _mismatches(health: Health, code: int, fields: dict[str, Any], deployed: str) -> list[str]:
    if code != health.code:
        return [f"HTTP {code} instead of {health.code}"]
    wrong = []
    for name, expected in health.expect.items():
        wanted: str | int | bool = expected
        if name == "version" and expected == "deployed":
            if not deployed:
                continue
            wanted = deployed
        if name not in fields:
            wrong.append(f"{name} is missing instead of {_shown(wanted)}")
        elif not _same(name, fields[name], wanted):
            wrong.append(f"{name} is {_shown(fields[name])} instead of {_shown(wanted)}")
    return wrong


def _same(name: str, found: Any, wanted: str | int | bool) -> bool:
    if name == "version":
        return str(found).removeprefix("v") == str(wanted).removeprefix("v")
    # In Python True equals 1; in JSON it does not.
    return type(found) is type(wanted) and bool(found == wanted)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]
