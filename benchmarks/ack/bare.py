"""The peer: a bare Bolt application with its defaults and the same libraries, nothing else.

``python -m benchmarks.ack.bare socket|http PORT SECONDS``; a command is acknowledged first and then takes
SECONDS of work, as Bolt's own documents advise.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main(transport: str, port: int, seconds: float) -> None:
    client = WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = App(client=client, signing_secret=os.environ["SLACK_SIGNING_SECRET"])

    @app.command("/deploy")
    def deploy(ack) -> None:  # type: ignore[no-untyped-def]
        ack()
        if seconds:
            time.sleep(seconds)

    bolt = SlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await bolt.handle(request)

    async def ready(request: Request) -> Response:
        return Response("ready")

    if transport == "socket":
        threading.Thread(target=SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).connect, daemon=True).start()
    web = Starlette(routes=[Route("/slack/events", events, methods=["POST"]), Route("/readyz", ready)])
    uvicorn.run(web, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
