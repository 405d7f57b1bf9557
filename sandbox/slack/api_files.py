"""files.*: the upload in three steps, and the files themselves."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack import seed
from sandbox.slack.arguments import MOST_DIGITS, Arguments
from sandbox.slack.blocks import check_blocks, with_block_ids
from sandbox.slack.errors import SlackError
from sandbox.slack.web_api import Method
from sandbox.slack.workspace import Channel, Message, Workspace

MOST_CHANNELS = 100
LONGEST_ALT_TEXT = 1_000
LARGEST_SNIPPET = 1_048_576
_SHOWN_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass
class _File:
    id: str
    name: str
    size: int
    alt_txt: str
    content: bytes | None = None
    shown: dict[str, Any] = field(default_factory=dict)


class Uploads:
    """``url`` is the server's own."""

    def __init__(self, workspace: Workspace, url: str) -> None:
        self._workspace = workspace
        self._url = url
        self._files: dict[str, _File] = {}

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {
            "files.getUploadURLExternal": self._begin,
            "files.completeUploadExternal": self._complete,
            "files.info": self._info,
        }

    def routes(self) -> list[BaseRoute]:
        """Where the bytes go and where they come from."""
        return [
            Route("/files/upload/{file_id}", self._receive, methods=["POST", "PUT"]),
            Route("/files/{file_id}/{name}", self._serve, methods=["GET"]),
        ]

    def _begin(self, arguments: Arguments) -> dict[str, Any]:
        name = arguments.required("filename")
        size = arguments.text("length")
        if not size.isdecimal() or len(size) > MOST_DIGITS or int(size) < 1:
            raise SlackError("invalid_arguments", ["must be more than 0 [json-pointer:/length]"])
        if arguments.text("snippet_type") and int(size) > LARGEST_SNIPPET:
            raise SlackError("snippet_too_large")
        alt_txt = arguments.text("alt_txt")
        if len(alt_txt) > LONGEST_ALT_TEXT:
            raise SlackError("alt_txt_too_large")
        file = _File(self._workspace.new_id("F"), name, int(size), alt_txt)
        self._files[file.id] = file
        return {"file_id": file.id, "upload_url": f"{self._url}/files/upload/{file.id}"}

    async def _receive(self, request: Request) -> Response:
        file = self._files.get(request.path_params["file_id"])
        if file is None:
            return PlainTextResponse("no such upload", 404)
        content = _uploaded(request.headers.get("content-type", ""), await request.body())
        if len(content) != file.size:
            return PlainTextResponse(f"expected {file.size} bytes, got {len(content)}", 400)
        file.content = content
        return PlainTextResponse(f"OK - {len(content)}")

    def _complete(self, arguments: Arguments) -> dict[str, Any]:
        named = arguments.structure("files", "invalid_arguments")
        if not isinstance(named, list) or not named or not all(isinstance(one, dict) for one in named):
            raise SlackError("invalid_arguments", ["must provide an array [json-pointer:/files]"])
        channels = self._channels(arguments)
        shown = [self._finished(one) for one in named]
        for channel in channels:
            self._share(channel, shown, arguments)
        return {"files": shown}

    def _channels(self, arguments: Arguments) -> list[Channel]:
        names = [arguments.text("channel_id"), *arguments.text("channels").split(",")]
        ids = list(dict.fromkeys(name for name in names if name))
        if len(ids) > MOST_CHANNELS:
            raise SlackError("invalid_arguments", [f"no more than {MOST_CHANNELS} items allowed"])
        channels = [self._workspace.channel(name) for name in ids]
        for channel in channels:
            if channel.is_archived:
                raise SlackError("is_archived")
            if not channel.is_member:
                raise SlackError("not_in_channel")
        return channels

    def _finished(self, named: dict[str, Any]) -> dict[str, Any]:
        file = self._files.get(str(named.get("id")))
        if file is None or file.content is None:
            raise SlackError("file_not_found")
        if file.shown:
            raise SlackError("file_update_failed")
        address = f"{self._url}/files/{file.id}/{quote(file.name, safe='')}"
        file.shown = {
            "id": file.id,
            "name": file.name,
            "title": str(named.get("title") or file.name),
            "mimetype": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "size": file.size,
            "user": seed.BOT_USER,
            "created": int(self._workspace.clock.now()),
            "alt_txt": file.alt_txt,
            "url": address,
            "url_private": address,
            "url_private_download": address,
        }
        return file.shown

    def _share(self, channel: Channel, files: list[dict[str, Any]], arguments: Arguments) -> None:
        thread_ts = arguments.text("thread_ts") or None
        if thread_ts is not None:
            parent = self._workspace.message(channel, thread_ts, "invalid_thread_ts")
            thread_ts = parent.thread_ts or parent.ts
        blocks = arguments.structure("blocks", "invalid_blocks_format")
        if blocks is not None:
            check_blocks(blocks)
        message = Message(
            ts=self._workspace.next_ts(channel),
            channel=channel.id,
            user=seed.BOT_USER,
            text=arguments.text("initial_comment"),
            blocks=with_block_ids(blocks or [], self._workspace.number),
            thread_ts=thread_ts,
            files=files,
            from_app=True,
        )
        self._workspace.add(channel, message)

    def _info(self, arguments: Arguments) -> dict[str, Any]:
        file = self._files.get(arguments.text("file"))
        if file is None or not file.shown:
            raise SlackError("file_not_found")
        return {"file": file.shown}

    async def _serve(self, request: Request) -> Response:
        """A file; only pictures are shown by the browser itself, everything else is given as plain bytes."""
        file = self._files.get(request.path_params["file_id"])
        if file is None or file.content is None or not file.shown:
            return PlainTextResponse("no such file", 404)
        kind = file.shown["mimetype"]
        if kind in _SHOWN_INLINE:
            return Response(file.content, media_type=kind)
        return PlainTextResponse(file.content, headers={"Content-Disposition": "attachment"})


def _uploaded(content_type: str, body: bytes) -> bytes:
    """The bytes of the file: the body as it is, or the first part of a multipart form."""
    if not content_type.startswith("multipart/form-data"):
        return body
    parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    for part in parsed.iter_parts():
        if part.get_filename() is not None:
            return bytes(part.get_payload(decode=True) or b"")
    return b""
