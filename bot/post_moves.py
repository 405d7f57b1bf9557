"""A thread whose channel is gone goes on in another one: its first message is posted there anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import BotError, UpstreamError
from bot.rows import Received, Row, Signal

MOVE = "move"
"""Signal to the post that begins a thread: a reply could not be posted where it stands."""
GONE = ("is_archived", "is_inactive", "channel_not_found", "not_in_channel")
"""What Slack says of a channel that takes no message, and no update of one: https://docs.slack.dev/reference/methods"""


def is_gone(error: BotError) -> bool:
    """True when nothing can be said in the channel any more."""
    return isinstance(error, UpstreamError) and error.code in GONE


def can_move(first: Row | None, to: str) -> bool:
    """Whether a post begins a thread that people work in, and stands in another channel than ``to``."""
    return first is not None and bool(first.body.get("thread_of")) and first.body["channel"] != to


def move(first: Row, reply: Row, error: BotError) -> tuple[str, Signal]:
    """What a reply tells the post that begins its thread; once, since a second time would not help."""
    return first.id, Signal(MOVE, {"why": error.message}, key=f"move:{reply.id}")


def asked(signals: list[Received]) -> str:
    """Why a reply wants the thread moved; empty when none does."""
    return next((str(signal.payload["why"]) for signal in signals if signal.name == MOVE), "")


def moved(body: Mapping[str, Any], to: str, why: str) -> dict[str, Any]:
    """The body of a post that is owed again in the channel ``to``."""
    kept = {name: value for name, value in body.items() if name not in ("ts", "shown", "shown_at")}
    return kept | {"channel": to, "meant_for": f"{body['channel']}: {why}"}
