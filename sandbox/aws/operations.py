"""Which operation of which service a request calls, and its parameters, as far as the wire tells."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import botocore.session
from botocore.parsers import RpcV2CBORParser

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
_BULKY = ("PutMetricData",)
"""Operations whose parameters nobody wants to keep."""
_KEY = re.compile(r"Credential=([^/]+)/")
_ENDPOINT_NAMES = {
    "monitoring": "cloudwatch",
    "application-autoscaling": "application-autoscaling",
    "email": "sesv2",
}


_COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
"""S3's operations that a header makes others."""
_RARER = dict.fromkeys(("CopyObject", "UploadPart", "UploadPartCopy", "ListParts"), 1)
"""Share their route with one that is asked more often."""


@dataclass(frozen=True)
class _Route:
    """How an operation is asked for: ``query`` are the parameters it always has."""

    method: str
    pattern: re.Pattern[str]
    query: frozenset[str]
    name: str


@dataclass(frozen=True)
class Operation:
    """``service`` is IAM's prefix ("ecs", "cloudwatch"); ``protocol`` is json, query, cbor or rest.

    ``began`` is when the request had come in, in seconds of the sandbox's clock.
    """

    service: str
    name: str
    region: str
    protocol: str
    params: dict[str, Any]
    access_key: str = ""
    user_agent: str = ""
    began: float = 0.0

    @property
    def action(self) -> str:
        """``ecs:UpdateService``, as IAM writes it."""
        return f"{self.service}:{self.name}"


def operation_of(environ: dict[str, Any], body: bytes) -> Operation:
    """What a WSGI request calls, and who does; unknown parts are empty or "?"."""
    key = _KEY.search(environ.get("HTTP_AUTHORIZATION", ""))
    agent = str(environ.get("HTTP_USER_AGENT", ""))
    return replace(_called(environ, body), access_key=key[1] if key else "", user_agent=agent)


def _called(environ: dict[str, Any], body: bytes) -> Operation:
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, signed = (scope[1], scope[2]) if scope else ("us-east-1", "?")
    service = _ENDPOINT_NAMES.get(signed, signed)
    path = environ.get("PATH_INFO", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return Operation(service, target.rsplit(".", 1)[-1], region, "json", _json(body))
    if "/operation/" in path:
        name = path.rsplit("/", 1)[-1]
        return Operation(service, name, region, "cbor", {} if name in _BULKY else from_cbor(body))
    form = dict(parse_qsl(body.decode("utf-8", "replace"))) if b"Action=" in body else {}
    form = form or dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if "Action" in form:
        return Operation(service, form.pop("Action"), region, "query", dict(form))
    copied = bool(environ.get("HTTP_X_AMZ_COPY_SOURCE"))
    asked = frozenset(dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)))
    name = _rest(service, environ.get("REQUEST_METHOD", "GET"), path, asked)
    name = _COPIES.get(name, name) if copied else name
    return Operation(service, name, region, "rest", {"path": path})


def from_cbor(body: bytes) -> dict[str, Any]:
    """A map of CBOR; empty for what is none."""
    parser = RpcV2CBORParser()
    try:
        found = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}
    except Exception:
        # Whatever a caller sends instead of CBOR, moto refuses it better.
        return {}
    return found if isinstance(found, dict) else {}


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@cache
def _routes(service: str) -> list[_Route]:
    """The routes of a service, those that ask for most first."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except Exception:
        return []
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri, _, query = str(http.get("requestUri", "/")).partition("?")
        pattern = re.escape(uri)
        pattern = re.sub(r"\\\{\w+\\\+\\\}", ".+", pattern)
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)
        wanted = frozenset(dict(parse_qsl(query, keep_blank_values=True)))
        routes.append(_Route(str(http.get("method", "POST")), re.compile(pattern + "/?", re.DOTALL), wanted, name))
    return sorted(routes, key=lambda route: (-len(route.query), _RARER.get(route.name, 0)))


def _rest(service: str, method: str, path: str, asked: frozenset[str]) -> str:
    for route in _routes(service):
        if method == route.method and route.query <= asked and route.pattern.fullmatch(path):
            return route.name
    return "?"
