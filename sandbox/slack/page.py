"""The page's files."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
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
