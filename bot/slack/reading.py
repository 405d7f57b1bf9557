"""One message as it stands in Slack, whether it is a reply or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient

from bot.chat_ports import Said, SharedFile
from bot.errors import UpstreamError

GONE = frozenset({"thread_not_found", "message_not_found"})
TOMBSTONE = "tombstone"
"""What stands where a message with replies was deleted; also the mode of a file that was."""
Call = Callable[..., Any]


def message(call: Call, client: WebClient, channel_id: str, ts: str) -> Said | None:
    """The message of that ts, or None when it is gone.

    conversations.replies takes the ts of a reply too, and then answers with that reply alone
    (https://github.com/slackapi/bolt-python/issues/783).
    """
    try:
        answer = call(
            "conversations.replies",
            client.conversations_replies,
            channel=channel_id,
            ts=ts,
            oldest=ts,
            latest=ts,
            inclusive=True,
            limit=10,
        )
    except UpstreamError as error:
        if error.code in GONE:
            return None
        raise
    found = next((each for each in answer.get("messages", ()) if each.get("ts") == ts), None)
    return _said(found) if found is not None and found.get("subtype") != TOMBSTONE else None


def _said(found: Mapping[str, Any]) -> Said:
    reactions = {str(each["name"]): tuple(map(str, each.get("users") or ())) for each in found.get("reactions") or ()}
    pinned: Mapping[str, Any] = found.get("pinned_info") or {}
    files = [each for each in found.get("files") or () if each.get("mode") != TOMBSTONE]
    return Said(
        ts=str(found["ts"]),
        thread_ts=str(found.get("thread_ts") or found["ts"]),
        user=str(found.get("user") or found.get("bot_id") or ""),
        text=str(found.get("text") or ""),
        files=tuple(
            SharedFile(str(each.get("title") or each.get("name") or "file"), str(each.get("permalink") or ""))
            for each in files
        ),
        reactions=reactions,
        pinned_by=str(pinned.get("pinned_by") or "") if found.get("pinned_to") else "",
    )
