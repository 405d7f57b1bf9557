"""Waiting for what a running sandbox does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx


def until(claim: Callable[[], Any], seconds: float = 10) -> Any:
    """What ``claim`` gives as soon as that is true, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := claim()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def story_ended(client: httpx.Client) -> dict[str, Any] | None:
    """The story that played last, unless it plays still."""
    story: dict[str, Any] = client.get("/client/scenarios").json()["playing"]
    return story if story["state"] != "playing" else None
