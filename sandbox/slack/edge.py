"""The outermost layer: headers that keep the page harmless, foreign pages out, and hanging up on purpose."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HANG_UP = "sandbox.hang_up"
"""A message of ours, not of ASGI: close the connection without an answer."""

_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == HANG_UP:
                await _hang_up(send)
                return
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        if _is_foreign(Headers(scope=scope)):
            refusal = {"ok": False, "error": "foreign_origin", "detail": "Another site's page may not do this."}
            await JSONResponse(refusal, 403)(scope, receive, sent)
            return
        # One that hung up in the middle of its request waits for no answer, and a traceback would help nobody.
        with contextlib.suppress(ClientDisconnect):
            await self._app(scope, receive, sent)


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another site sent it: the sandbox listens where every page of the browser could reach it."""
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


async def _hang_up(send: Send) -> None:
    # ASGI has no word for this; uvicorn's send belongs to the object that holds the connection.
    cycle: Any = getattr(send, "__self__")  # noqa: B009
    cycle.transport.abort()
    # Its end is told to the protocol in the loop's next turn, and only then is no answer expected any more.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
