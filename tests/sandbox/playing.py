"""What a running sandbox plays."""

from __future__ import annotations

from typing import Any

import httpx


def story_ended(client: httpx.Client) -> dict[str, Any] | None:
    """The story that played last, unless it plays still."""
    story: dict[str, Any] = client.get("/client/scenarios").json()["playing"]
    return story if story["state"] != "playing" else None
