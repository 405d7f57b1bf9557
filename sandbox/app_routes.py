"""The sandbox's own JSON endpoints, beside those of the pretend Slack: the clock, the stories, PagerDuty, hints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from sandbox.clock import Clock
from sandbox.pagerduty import PagerDuty
from sandbox.pagerduty_routes import pagerduty_routes
from sandbox.player import Player
from sandbox.scenarios import SCENARIOS
from sandbox.scenarios.stage import STAR, STAR_CHANNEL
from sandbox.seed.catalogue import NEWER_GOOD

_STAR = f"{STAR.name} {STAR.environment}"

Hint = dict[str, str]


def hints(commands: Mapping[str, str]) -> list[Hint]:
    """What to try first; ``commands`` says under which name each is registered, {"deploy": "/deploy", ...}."""
    services, deploy, ops = (commands[name] for name in ("services", "deploy", "ops"))
    return [
        {"channel": STAR_CHANNEL, "text": services, "why": "everything this channel's system runs"},
        {"channel": STAR_CHANNEL, "text": f"{deploy} {_STAR} {NEWER_GOOD[1]}", "why": "a good version"},
        {"channel": STAR_CHANNEL, "text": f"{deploy} {_STAR} v1.5.1-crash", "why": "one that crashes"},
        {
            "channel": STAR_CHANNEL,
            "text": f"{deploy} {_STAR} v1.5.4-unhealthy",
            "why": "one that fails its health check",
        },
        {"channel": "#bi-platform", "text": f"{services} api", "why": "one service in both environments"},
        {"channel": "#ops", "text": f"{ops} help", "why": "what else there is"},
    ]


def routes(
    clock: Clock,
    player: Player,
    pagerduty: PagerDuty,
    shown_hints: Sequence[Hint],
    mails: Callable[[], list[dict[str, Any]]] = list,
) -> list[BaseRoute]:
    """The routes to mount on the pretend Slack's server; ``mails`` lists what SES sent."""

    async def show_clock(request: Request) -> JSONResponse:
        return _answer(now=clock.now(), speed=clock.speed)

    async def set_clock(request: Request) -> JSONResponse:
        body = await _body(request)
        if body is None:
            return _refuse("invalid_json", "The body must be a JSON object.", 400)
        try:
            _turn(clock, body)
        except (TypeError, ValueError) as error:
            return _refuse("invalid_arguments", f"speed and advance are numbers from 0 up: {error}.")
        return _answer(now=clock.now(), speed=clock.speed)

    async def play(request: Request) -> JSONResponse:
        body = await _body(request)
        if body is None:
            return _refuse("invalid_json", "The body must be a JSON object.", 400)
        return JSONResponse(player.play(str(body.get("name", ""))))

    async def scenarios(request: Request) -> JSONResponse:
        known = [{"name": one.name, "summary": one.summary} for one in SCENARIOS.values()]
        return _answer(scenarios=known, playing=player.status())

    async def show_hints(request: Request) -> JSONResponse:
        return _answer(hints=shown_hints)

    async def show_mails(request: Request) -> JSONResponse:
        return _answer(mails=mails())

    return [
        Route("/client/mails", show_mails, methods=["GET"]),
        Route("/client/clock", show_clock, methods=["GET"]),
        Route("/client/clock", set_clock, methods=["POST"]),
        Route("/client/play", play, methods=["POST"]),
        Route("/client/scenarios", scenarios, methods=["GET"]),
        *pagerduty_routes(pagerduty),
        Route("/client/hints", show_hints, methods=["GET"]),
    ]


def _turn(clock: Clock, body: dict[str, Any]) -> None:
    """``speed`` (seconds per real second), ``freeze`` (true) and ``advance`` (seconds), in this order."""
    if "speed" in body:
        clock.set_speed(_number(body["speed"]))
    if body.get("freeze"):
        clock.freeze()
    if "advance" in body:
        clock.advance(_number(body["advance"]))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return float(value)


async def _body(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _answer(**values: Any) -> JSONResponse:
    return JSONResponse({"ok": True, **values})


def _refuse(error: str, detail: str, status: int = 200) -> JSONResponse:
    return JSONResponse({"ok": False, "error": error, "detail": detail}, status)
