"""The Web API: who calls, how often, what is to go wrong, and the table of methods."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.slack.arguments import Arguments, arguments_of
from sandbox.slack.edge import HANG_UP
from sandbox.slack.errors import SlackError
from sandbox.slack.installation import Installation
from sandbox.slack.rate import RateLimits
from sandbox.slack.scopes import NEEDED

Method = Callable[[Arguments], dict[str, Any]]

LONGEST_HANG = 20.0
"""Seconds a "timeout" fault keeps silent where it names no number itself."""


class HangUp(Response):
    """Closes the connection without an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": HANG_UP})


@dataclass(frozen=True)
class Tokens:
    """What the app authenticates with."""

    bot: str
    app: str | None


class WebApi:
    """Answers /api/<method>.

    ``drop_sockets`` is what a "disconnect" fault does besides hanging up; ``place`` tells the id behind a channel's
    other names.
    """

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        calls: Calls,
        tokens: Tokens,
        installation: Installation,
        methods: Mapping[str, Method],
        drop_sockets: Callable[[], Awaitable[None]],
        place: Callable[[str], str],
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._tokens = tokens
        self._installation = installation
        self._methods = methods
        self._drop_sockets = drop_sockets
        self._limits = RateLimits(clock, place)
        self.stopping = asyncio.Event()

    async def answer(self, request: Request) -> Response:
        """One call."""
        method = request.path_params["method"]
        arguments = Arguments({})
        try:
            arguments = await arguments_of(request)
            fault = self._faults.take("slack", method)
            if fault is not None and (response := await self._fail(method, arguments, fault)) is not None:
                return response
            self._admit(method, request, arguments)
            wait = self._limits.take(method, arguments.text("channel"))
            if wait is not None:
                return self._too_many(method, arguments, wait)
            body = self._methods[method](arguments)
        except SlackError as error:
            self._record(method, arguments, error.word)
            return JSONResponse(error.body())
        self._record(method, arguments, "ok")
        if fault is not None and fault.error == "lost_response":
            return HangUp()
        return JSONResponse({"ok": True, **body}, headers={"x-oauth-scopes": ",".join(self._installation.scopes)})

    def _admit(self, method: str, request: Request, arguments: Arguments) -> None:
        if method not in self._methods:
            raise SlackError("unknown_method", req_method=method)
        if method == "api.test":
            return
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else arguments.text("token")
        if not token:
            raise SlackError("not_authed")
        if token not in (self._tokens.bot, self._tokens.app):
            raise SlackError("invalid_auth")
        wanted = self._tokens.app if method == "apps.connections.open" else self._tokens.bot
        if token != wanted:
            raise SlackError("not_allowed_token_type")
        needed = NEEDED.get(method, ())
        if not self._installation.may(needed):
            raise SlackError("missing_scope", needed=needed[0], provided=",".join(self._installation.scopes))

    async def _fail(self, method: str, arguments: Arguments, fault: Fault) -> Response | None:
        """What the fault answers; None when the call is to be done after all."""
        if fault.latency_ms:
            await self._sleep(fault.latency_ms / 1000)
        if fault.error in (None, "drop_ack", "lost_response"):
            return None
        if fault.error == "ratelimited":
            return self._too_many(method, arguments, int(fault.seconds or 1))
        self._record(method, arguments, str(fault.error))
        if fault.error == "timeout":
            await self._sleep(min(fault.seconds or LONGEST_HANG, LONGEST_HANG))
            return HangUp()
        if fault.error == "disconnect":
            await self._drop_sockets()
            return HangUp()
        if str(fault.error).isdecimal():
            return Response(status_code=int(str(fault.error)))
        return JSONResponse({"ok": False, "error": fault.error})

    def _too_many(self, method: str, arguments: Arguments, seconds: int) -> Response:
        self._record(method, arguments, "ratelimited")
        body = {"ok": False, "error": "ratelimited"}
        return JSONResponse(body, 429, headers={"Retry-After": str(max(1, seconds))})

    async def _sleep(self, seconds: float) -> None:
        """Wait, but never longer than the server runs."""
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return

    def _record(self, method: str, arguments: Arguments, status: str) -> None:
        self._calls.record("slack", method, arguments.shown(), status, self._clock.now())
