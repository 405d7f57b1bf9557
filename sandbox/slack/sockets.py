"""Socket Mode: who is connected, and who gets which envelope."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack import seed
from sandbox.slack.errors import DeliveryError
from sandbox.slack.received import parsed

MOST_SOCKETS = 10


class Sockets:
    """The app's open connections. Used by the server's thread only."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._turn = itertools.count()
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._envelopes = itertools.count(1)

    def ticket(self) -> str:
        """A ticket for one connection."""
        ticket = secrets.token_urlsafe(18)
        self._tickets.add(ticket)
        return ticket

    @property
    def count(self) -> int:
        """How many connections take envelopes."""
        return len(self._open)

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end; a ticket is good once."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await socket.close()
            return
        self._tickets.discard(ticket)
        await socket.accept()
        if len(self._open) >= MOST_SOCKETS:
            await _say_goodbye(socket, "too_many_websockets")
            await socket.close()
            return
        await socket.send_text(json.dumps(self._hello()))
        self._open.append(socket)
        try:
            while True:
                received = await socket.receive()
                if received["type"] == "websocket.disconnect":
                    return
                self._take(received.get("text") or "")
        finally:
            if socket in self._open:
                self._open.remove(socket)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._open) + 1,
            "connection_info": {"app_id": seed.APP},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }

    def _take(self, text: str) -> None:
        """An acknowledgement; anything else an app says is ignored, as Slack does."""
        try:
            said = parsed(text)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        waiting = self._waiting.get(str(said.get("envelope_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(said.get("payload"))

    async def deliver(self, kind: str, payload: dict[str, Any], seconds: float, retry: tuple[int, str] | None) -> Any:
        """Give an envelope to one connection; returns what the acknowledgement says.

        Raises DeliveryError after so many seconds, or at once when nobody is connected.
        """
        if not self._open:
            raise DeliveryError("dispatch_failed", "no_active_connections")
        envelope_id = f"{next(self._envelopes):08x}-{secrets.token_hex(8)}"
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope["retry_attempt"], envelope["retry_reason"] = retry or (0, "")
        waiting = self._waiting[envelope_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                socket = self._open[next(self._turn) % len(self._open)]
                # One that is gone before anybody noticed: Slack, too, finds out by the missing acknowledgement.
                with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                    await socket.send_text(json.dumps(envelope))
                return await waiting
        except TimeoutError:
            raise DeliveryError("operation_timeout", "timeout") from None
        finally:
            del self._waiting[envelope_id]

    async def announce(self, reason: str) -> None:
        """Tell every connection that it will be closed: reason "warning" or "refresh_requested".

        A refreshed connection is given no more envelopes and is closed; after a warning the app has its time.
        """
        for socket in list(self._open):
            await _say_goodbye(socket, reason)
            if reason != "warning":
                self._open.remove(socket)
                await socket.close()

    async def drop(self) -> None:
        """Cut every connection without a word."""
        for socket in list(self._open):
            self._open.remove(socket)
            await socket.close(code=1011)

    def close(self) -> None:
        """Let nobody wait for an acknowledgement any longer."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(DeliveryError("dispatch_failed", "stopping"))


async def _say_goodbye(socket: WebSocket, reason: str) -> None:
    goodbye = {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
    await socket.send_text(json.dumps(goodbye))
