"""How /client/* is answered: JSON with ``ok``, and words for what went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.errors import DeliveryError, SlackError
from sandbox.slack.received import parsed

Body = dict[str, Any]
Act = Callable[[Body], Awaitable[Body]]


def text(body: Body, name: str) -> str:
    """A text of a body; empty where there is none."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def posted(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """Answers a POST with a JSON body."""

    async def serve(request: Request) -> Response:
        try:
            body = parsed(await request.body() or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _refusal(SlackError("invalid_json", detail="The body must be a JSON object."), 400)
        try:
            return JSONResponse({"ok": True, **await act(body)})
        except SlackError as error:
            return _refusal(error)
        except DeliveryError as error:
            detail = f"The app did not take it: {error.reason.replace('_', ' ')}."
            return JSONResponse({"ok": False, "error": error.word, "detail": detail})

    return serve


def got(read: Callable[[Body], Body]) -> Callable[[Request], Awaitable[Response]]:
    """Answers a GET with a query."""

    async def serve(request: Request) -> Response:
        try:
            return JSONResponse({"ok": True, **read(dict(request.query_params))})
        except SlackError as error:
            return _refusal(error)

    return serve


def _refusal(error: SlackError, status: int = 200) -> Response:
    detail = f"Slack says {error.word.replace('_', ' ')}."
    return JSONResponse({"detail": detail, **error.body()}, status)
