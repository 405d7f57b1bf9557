"""The HTTP side: ``/healthz``, ``/readyz``, ``/sns``, ``/pagerduty`` and, without Socket Mode, ``/slack/events``."""

from __future__ import annotations

import logging
from collections.abc import Callable

from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.rows import Store

log = logging.getLogger("bot.web_server")


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def web_app(
    store: Store,
    degraded: Callable[[], list[str]],
    sns: BaseRoute,
    bolt: App | None,
    *,
    pagerduty: BaseRoute | None = None,
) -> Starlette:
    """The Starlette application; ``bolt`` is given when Slack comes in over HTTP, ``pagerduty`` takes its webhooks."""

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        """503 only while the store fails: a balancer must never cut off the intake for somebody else's outage."""
        try:
            await run_in_threadpool(store.ping)
        except Exception:
            log.exception("the store cannot be written")
            return JSONResponse({"status": "unavailable", "degraded": ["store"]}, status_code=503)
        away = await run_in_threadpool(degraded)
        return JSONResponse({"status": "degraded" if away else "ready", "degraded": away})

    routes: list[BaseRoute] = [Route("/healthz", healthz), Route("/readyz", readyz), sns]
    if pagerduty is not None:
        routes.append(pagerduty)
    if bolt is not None:
        slack = SlackRequestHandler(bolt)

        async def events(request: Request) -> Response:
            stamp = request.headers.get("x-slack-request-timestamp", "")
            if not stamp.isdecimal() or not _is_text(await request.body()):
                return JSONResponse({"error": "this is not signed by Slack"}, status_code=401)
            return await slack.handle(request)

        routes.append(Route("/slack/events", events, methods=["POST"]))
    return Starlette(routes=routes)
