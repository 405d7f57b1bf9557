"""The load: a Slack that does nothing but hand out commands and take their acknowledgements, over either transport."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import websockets
from websockets.asyncio.server import ServerConnection, serve

HEADER_END = b"\r\n\r\n"
ANSWERS: dict[str, dict[str, Any]] = {
    "auth.test": {"team_id": "T0BENCH", "user_id": "U0BOT", "bot_id": "B0BOT", "team": "bench", "user": "bot"},
    "users.info": {"user": {"id": "U0ALICE", "name": "alice", "team_id": "T0BENCH", "profile": {}}},
    "usergroups.list": {"usergroups": [{"id": "S0ONCALL", "users": ["U0ALICE"]}]},
    "conversations.list": {"channels": [{"id": "C0BENCH", "name": "bi-platform"}]},
    "conversations.history": {"messages": []},
    "chat.postMessage": {"ts": "1.000001", "channel": "C0BENCH"},
    "chat.update": {"ts": "1.000001", "channel": "C0BENCH"},
    "chat.getPermalink": {"permalink": "https://example.com/"},
}


def _length(lines: list[str]) -> int:
    return next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length")), 0)


def fields(text: str, url: str) -> dict[str, str]:
    """A slash command as Slack sends it."""
    return {
        "token": "x",
        "team_id": "T0BENCH",
        "team_domain": "bench",
        "channel_id": "C0BENCH",
        "channel_name": "bi-platform",
        "user_id": "U0ALICE",
        "user_name": "alice",
        "command": "/deploy",
        "text": text,
        "api_app_id": "A0BENCH",
        "response_url": f"{url}/response",
        "trigger_id": uuid.uuid4().hex,
    }


@dataclass
class LeanSlack:
    """Answers the Web API with constants and speaks Socket Mode; runs in the caller's event loop."""

    text: str
    secret: str
    url: str = ""
    _waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _socket: ServerConnection | None = None
    _connected: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Listen for the Web API and for the WebSocket, each on a free port."""
        self._ws = await serve(self._sockets, "127.0.0.1", 0, compression=None, ping_interval=None)
        self._ws_port = self._ws.sockets[0].getsockname()[1]
        self._api = await asyncio.start_server(self._call, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._api.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening."""
        self._ws.close()
        self._api.close()

    async def connected(self) -> None:
        """Return when a WebSocket is open."""
        await asyncio.wait_for(self._connected.wait(), 30)

    async def _sockets(self, socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A"}}))
        self._socket = socket
        self._connected.set()
        try:
            async for message in socket:
                answer = json.loads(message)
                waiting = self._waiting.pop(answer.get("envelope_id", ""), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
        except websockets.ConnectionClosed:
            pass

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(HEADER_END)
                lines = head.decode().split("\r\n")
                await reader.readexactly(_length(lines))
                method = lines[0].split(" ")[1].rsplit("/", 1)[-1]
                answer = {"ok": True} | ANSWERS.get(method, {})
                if method == "apps.connections.open":
                    answer["url"] = f"ws://127.0.0.1:{self._ws_port}/link"
                body = json.dumps(answer).encode()
                kind = "Content-Type: application/json\r\n"
                writer.write(f"HTTP/1.1 200 OK\r\n{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    async def by_socket(self) -> float:
        """One command over the WebSocket; seconds until it was acknowledged."""
        envelope = uuid.uuid4().hex
        waiting = self._waiting[envelope] = asyncio.get_running_loop().create_future()
        payload = fields(self.text, self.url)
        message = {
            "type": "slash_commands",
            "envelope_id": envelope,
            "payload": payload,
            "accepts_response_payload": True,
        }
        assert self._socket is not None
        began = time.perf_counter()
        await self._socket.send(json.dumps(message))
        await asyncio.wait_for(waiting, 30)
        return time.perf_counter() - began


@dataclass
class HttpCaller:
    """One kept-alive connection that posts signed commands, as one of Slack's own would."""

    slack: LeanSlack
    port: int
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def by_http(self) -> float:
        """One command over HTTP; seconds until the status line of its answer was read."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        body = urlencode(fields(self.slack.text, self.slack.url))
        stamp = str(int(time.time()))
        base = f"v0:{stamp}:{body}".encode()
        signature = "v0=" + hmac.new(self.slack.secret.encode(), base, hashlib.sha256).hexdigest()
        head = (
            "POST /slack/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: {signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        writer.write(head.encode() + body.encode())
        answer = (await asyncio.wait_for(reader.readuntil(HEADER_END), 30)).decode()
        took = time.perf_counter() - began
        if " 200 " not in answer.split("\r\n", 1)[0]:
            raise AssertionError(answer)
        await reader.readexactly(_length(answer.split("\r\n")))
        return took

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
