"""HTTP as Slack's servers speak it to an app: one POST over connections that stay open, and nothing slower."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

_SMALLEST_READ = 65_536


@dataclass(frozen=True)
class Answer:
    """What the app answered."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class _Connection:
    state: h11.Connection
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Poster:
    """Posts to one http:// address. Used by the server's thread only."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError(f"{url} is no http:// address")
        self._host = parts.hostname
        self._port = parts.port or 80
        self._target = parts.path or "/"
        self._idle: list[_Connection] = []

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises OSError or h11.ProtocolError when the app cannot be reached or answers nonsense."""
        used = self._idle.pop() if self._idle else None
        if used is not None and used.reader.at_eof():
            used.writer.close()
        elif used is not None:
            try:
                return await self._exchange(used, body, headers)
            except ConnectionError:
                # The app closed it while it was idle: nothing was read, so a new one is as good.
                pass
        return await self._exchange(await self._connect(), body, headers)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().writer.close()

    async def _connect(self) -> _Connection:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        return _Connection(h11.Connection(h11.CLIENT), reader, writer)

    async def _exchange(self, connection: _Connection, body: bytes, headers: Mapping[str, str]) -> Answer:
        state, done = connection.state, False
        try:
            given = {"Host": f"{self._host}:{self._port}", "Content-Length": str(len(body)), **headers}
            request = h11.Request(method="POST", target=self._target, headers=list(given.items()))
            events = (request, h11.Data(data=body), h11.EndOfMessage())
            connection.writer.write(b"".join(state.send(event) or b"" for event in events))
            answer = await self._read(connection)
            done = state.our_state is h11.DONE and state.their_state is h11.DONE
            return answer
        finally:
            if done:
                state.start_next_cycle()
                self._idle.append(connection)
            else:
                connection.writer.close()

    async def _read(self, connection: _Connection) -> Answer:
        status, headers, chunks = 0, {}, []
        while True:
            event = connection.state.next_event()
            if event is h11.NEED_DATA:
                received = await connection.reader.read(_SMALLEST_READ)
                if not received and connection.state.their_state is h11.SEND_RESPONSE:
                    raise ConnectionResetError("closed before an answer")
                connection.state.receive_data(received)
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = {name.decode().lower(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                chunks.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, headers, b"".join(chunks))
            elif not isinstance(event, h11.InformationalResponse):
                raise ConnectionResetError("closed in the middle")
