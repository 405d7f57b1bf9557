"""A WebClient that keeps its connections open.

slack_sdk opens a new connection for every call: two more round trips before anything a person waits for.
"""

from __future__ import annotations

from typing import Any
from urllib.request import Request

import httpx
from slack_sdk import WebClient

TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class PooledWebClient(WebClient):
    """slack_sdk's client over a shared pool of kept-alive connections; used from many threads."""

    _pool: httpx.Client | None = None

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        if self._pool is None:
            self._pool = httpx.Client(
                timeout=TIMEOUT, limits=httpx.Limits(max_connections=32, max_keepalive_connections=32)
            )
        content = req.data if isinstance(req.data, bytes) else None
        answer = self._pool.request(req.get_method(), url, content=content, headers=dict(req.header_items()))
        return {"status": answer.status_code, "headers": dict(answer.headers), "body": answer.text}

    def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            self._pool.close()
