"""The pretend Slack as a server of its own, in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.slack import seed
from sandbox.slack.api_chat import Chat
from sandbox.slack.api_conversations import Conversations
from sandbox.slack.api_directory import Directory
from sandbox.slack.api_files import LOOKING_SECONDS, Uploads
from sandbox.slack.api_marks import Marks
from sandbox.slack.client import Client
from sandbox.slack.client_people import ClientPeople
from sandbox.slack.delivery import Delivery
from sandbox.slack.edge import Edge
from sandbox.slack.events import Events
from sandbox.slack.file_routes import FileRoutes
from sandbox.slack.installation import Installation
from sandbox.slack.interactions import Interactions
from sandbox.slack.marking import Marking
from sandbox.slack.modals import Modals
from sandbox.slack.page import archives, page_files
from sandbox.slack.people import People
from sandbox.slack.responses import Responses
from sandbox.slack.shortcuts import Shortcuts
from sandbox.slack.sockets import Sockets
from sandbox.slack.stream import Stream
from sandbox.slack.views import Views
from sandbox.slack.web_api import Tokens, WebApi
from sandbox.slack.workspace import Workspace
from sandbox.slack.writing import Writing

PATIENCE = 3.0
"""Seconds an app has for an acknowledgement, and a trigger id's life: https://docs.slack.dev/interactivity"""


class SlackServer:
    """Listens on 127.0.0.1 after ``start``; ``port`` 0 is any free one.

    Commands are delivered to ``request_url``, signed; without one, over Socket Mode. ``patience`` is how many real
    seconds the app has. ``scopes`` (what its bot token may do), ``events`` (what it subscribes to), ``shortcuts`` and
    ``home_tab`` are what a manifest says, and ``install`` replaces them. ``looking`` is how many seconds Slack looks
    into a file that the app uploaded. Raises ValueError for a command that Slack reserves.
    """

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        calls: Calls,
        *,
        port: int = 0,
        page_dir: Path,
        bot_token: str,
        app_token: str | None,
        signing_secret: str,
        request_url: str | None = None,
        commands: Sequence[dict[str, Any]] = seed.DEFAULT_COMMANDS,
        patience: float = PATIENCE,
        scopes: Collection[str] = seed.SCOPES,
        events: Collection[str] = seed.EVENTS,
        shortcuts: Sequence[Mapping[str, Any]] = (),
        home_tab: bool = True,
        looking: float = LOOKING_SECONDS,
    ) -> None:
        check_commands(commands)
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._port = port
        self._page_dir = page_dir
        self._tokens = Tokens(bot_token, app_token)
        self._installation = Installation(scopes, events, shortcuts, home_tab=home_tab)
        self._looking = looking
        self._request_url = request_url
        self._commands = [dict(command) for command in commands]
        self._patience = patience
        self._stream = Stream()
        self._sockets = Sockets()
        self._delivery = Delivery(clock, faults, calls, self._sockets, signing_secret, patience)
        self._more: list[BaseRoute] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._web_api: WebApi | None = None

    @property
    def url(self) -> str:
        """Where it listens, "http://127.0.0.1:PORT"."""
        return f"http://127.0.0.1:{self._port}"

    def add_routes(self, routes: Sequence[BaseRoute]) -> None:
        """Mount more; before ``start``."""
        self._more += routes

    def set_request_url(self, url: str | None) -> None:
        """From now on deliver there; None: over Socket Mode."""
        self._request_url = url
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._delivery.set_request_url, url)

    def install(self, manifest: Mapping[str, Any]) -> None:
        """From now on the app may do, and is told, what its manifest asks for."""
        if self._loop is None:
            self._installation.obey(manifest)
        else:
            self._loop.call_soon_threadsafe(self._installed, dict(manifest))

    def _installed(self, manifest: dict[str, Any]) -> None:
        self._installation.obey(manifest)
        self._stream.tell("state", {})

    def start(self) -> None:
        """Return when it listens. Raises OSError when the port is taken."""
        # With the protocol named, asyncio switches Nagle off for what is accepted here.
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(("127.0.0.1", self._port))
            self._port = self._listener.getsockname()[1]
            self._listener.listen(1024)
        except OSError:
            self._listener.close()
            raise
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="slack", daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Close every connection; returns when the thread has ended. Safe to repeat."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._begin_to_stop)
        self._thread.join()
        self._thread = None

    def _begin_to_stop(self) -> None:
        assert self._server is not None
        assert self._web_api is not None
        self._web_api.stopping.set()
        self._stream.close()
        self._sockets.close()
        self._server.should_exit = True

    def _run(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        assert self._listener is not None
        self._loop = asyncio.get_running_loop()
        self._delivery.set_request_url(self._request_url)
        config = uvicorn.Config(
            Edge(Starlette(routes=self._routes())),
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            log_config=None,
        )
        self._server = uvicorn.Server(config)
        self._loop.call_soon(ready.set)
        try:
            # Server.serve would take over the process's signals, which only a main thread may do.
            await self._server._serve([self._listener])
        finally:
            await self._delivery.close()
            self._listener.close()

    def _routes(self) -> list[BaseRoute]:
        installation = self._installation
        workspace = Workspace(self._clock, self._stream.tell, self.url)
        interactions = Interactions(self._clock, self._patience)
        views = Views(workspace, interactions, self._stream.tell, installation)
        responses = Responses(workspace, interactions, self._calls)
        directory = Directory(workspace, self._sockets, self.url)
        methods = Chat(workspace, self.url).methods() | Conversations(workspace).methods() | Marks(workspace).methods()
        methods |= directory.methods() | views.methods() | Uploads(workspace, self._looking).methods()
        self._web_api = WebApi(
            self._clock,
            self._faults,
            self._calls,
            self._tokens,
            installation,
            methods,
            self._sockets.drop,
            workspace.place,
        )
        return [
            Route("/api/{method:str}", self._web_api.answer, methods=["GET", "POST"]),
            WebSocketRoute("/link", self._sockets.serve),
            WebSocketRoute("/link/", self._sockets.serve),
            Route("/response/{name}", responses.serve, methods=["POST"]),
            Route("/archives/{channel}/{stamp}", archives, methods=["GET"]),
            *FileRoutes(workspace, installation, self._tokens.bot).routes(),
            *self._client(workspace, interactions, views, responses).routes(),
            *self._more,
            Mount("/", page_files(self._page_dir)),
        ]

    def _client(self, workspace: Workspace, interactions: Interactions, views: Views, responses: Responses) -> Client:
        """What people do."""
        delivery, installation = self._delivery, self._installation
        people = People(workspace, interactions, delivery, responses, self._commands, self._stream.tell, self.url)
        events = Events(workspace, delivery, installation)
        persons = ClientPeople(
            people,
            Writing(workspace, people, events),
            Marking(workspace, people, events),
            Shortcuts(workspace, people, interactions, delivery, installation, self.url),
            Modals(people, views, interactions, delivery),
            views,
            events,
            installation,
        )
        return Client(
            workspace,
            persons,
            views,
            delivery,
            self._sockets,
            self._faults,
            self._calls,
            self._stream,
            self._commands,
            installation,
            events,
        )


def check_commands(commands: Sequence[dict[str, Any]]) -> None:
    """Raises ValueError for names that Slack keeps for itself or does not allow."""
    for command in commands:
        name = str(command.get("command", ""))
        if name in seed.RESERVED_COMMANDS:
            raise ValueError(f"{name} is reserved by Slack")
        if not name.startswith("/") or name != name.lower() or " " in name or not 2 <= len(name) <= 32:
            raise ValueError(f"{name!r} is no name for a command: a slash, then lower-case letters, at most 32 in all")
