"""Where the bytes of files go and where they come from."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack.files import PICTURES, File
from sandbox.slack.installation import Installation
from sandbox.slack.workspace import Workspace


class FileRoutes:
    """Two doors: the page's own, and the private address, which opens to the app's token with files:read only."""

    def __init__(self, workspace: Workspace, installation: Installation, bot_token: str) -> None:
        self._workspace = workspace
        self._installation = installation
        self._bot_token = bot_token

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/files/upload/{file_id}", self._receive, methods=["POST", "PUT"]),
            Route("/files/{user}/{file_id}/{name:path}", self._permalink, methods=["GET"]),
            Route("/files/{file_id}/{name:path}", self._serve, methods=["GET"]),
            Route("/files-pri/{ids}/{name:path}", self._serve_to_the_app, methods=["GET"]),
        ]

    async def _receive(self, request: Request) -> Response:
        file = self._workspace.files.get(request.path_params["file_id"])
        if file is None:
            return PlainTextResponse("no such upload", 404)
        content = _uploaded(request.headers.get("content-type", ""), await request.body())
        if len(content) != file.size:
            return PlainTextResponse(f"expected {file.size} bytes, got {len(content)}", 400)
        file.content = content
        return PlainTextResponse(f"OK - {len(content)}")

    async def _serve(self, request: Request) -> Response:
        """A file for the page; only pictures are shown by the browser itself, the rest is given as plain bytes."""
        return self._content(self._workspace.files.get(request.path_params["file_id"]))

    async def _permalink(self, request: Request) -> Response:
        """A file's page, which in this Slack is the file."""
        return self._content(self._workspace.files.get(request.path_params["file_id"]))

    async def _serve_to_the_app(self, request: Request) -> Response:
        """Without a token that may read files, Slack leads to a page to sign in at, and that answers 200 with HTML.

        https://github.com/openabdev/openab/issues/776
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and token.strip() == self._bot_token
        if not known or not self._installation.may(("files:read",)):
            return RedirectResponse("/")
        return self._content(self._workspace.files.get(request.path_params["ids"].partition("-")[2]))

    def _content(self, file: File | None) -> Response:
        if file is None or file.content is None or not file.is_complete or file.is_deleted:
            return PlainTextResponse("no such file", 404)
        if file.mimetype in PICTURES:
            return Response(file.content, media_type=file.mimetype)
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
