"""The page's files."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class _Page(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Never kept by the browser: who changes the page sees it at once."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def page_files(directory: Path) -> StaticFiles:
    """Serves a directory with its index.html."""
    return _Page(directory=directory, html=True, check_dir=False)


async def archives(request: Request) -> Response:
    """GET /archives/<channel>/p<ts without its point>: a message's permalink leads to its place on the page."""
    channel, stamp = request.path_params["channel"], request.path_params["stamp"].removeprefix("p")
    if not (channel.isalnum() and stamp.isdecimal() and channel.isascii()):
        return Response(status_code=404)
    thread_ts = request.query_params.get("thread_ts", "")
    thread = f"/{thread_ts}" if re.fullmatch(r"\d+\.\d+", thread_ts) else ""
    return RedirectResponse(f"/#/{channel}{thread}?m={stamp[:-6]}.{stamp[-6:]}")
