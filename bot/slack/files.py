"""Files in threads: the upload in Slack's three steps, and looking whether a file is there already.

https://docs.slack.dev/messaging/working-with-files#uploading_files
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from slack_sdk import WebClient

from bot.errors import UpstreamError
from bot.slack.transport import TIMEOUT

LONGEST_ALT = 1000
LONGEST_TITLE = 250
PAGES = 5
Call = Callable[..., Any]
"""One method of the Web API by name; raises UpstreamError in words."""


def upload(
    call: Call,
    client: WebClient,
    channel_id: str,
    *,
    thread_ts: str,
    name: str,
    title: str,
    content: bytes,
    alt: str,
    comment: str = "",
    snippet_type: str = "",
) -> str:
    """Ask for an address, send the bytes there, and share the file; its id. Nobody sees it before the last step.

    Without a channel nobody sees it afterwards either, but where a block names it.
    """
    begun = call(
        "files.getUploadURLExternal",
        client.files_getUploadURLExternal,
        filename=name,
        length=len(content),
        alt_txt=alt[:LONGEST_ALT] or None,
        snippet_type=snippet_type or None,
    )
    _send(str(begun["upload_url"]), content)
    call(
        "files.completeUploadExternal",
        client.files_completeUploadExternal,
        files=[{"id": begun["file_id"], "title": title[:LONGEST_TITLE] or name}],
        channel_id=channel_id or None,
        thread_ts=thread_ts or None,
        initial_comment=comment or None,
    )
    return str(begun["file_id"])


def _send(url: str, content: bytes) -> None:
    try:
        # Another host than the Web API's, and no token: the address itself is the permission.
        status = httpx.post(url, content=content, timeout=TIMEOUT).status_code
    except httpx.HTTPError as error:
        raise UpstreamError("Slack cannot be reached (the upload of a file).", retryable=True) from error
    if status != 200:
        retryable = status == 429 or status >= 500
        raise UpstreamError(f"Slack did not take a file (status {status}).", retryable=retryable)


def find(call: Call, client: WebClient, channel_id: str, thread_ts: str, name: str) -> str | None:
    """The id of the file of that name in a thread, or in a channel's newest messages when there is no thread."""
    cursor = None
    for _ in range(PAGES):
        if thread_ts:
            page = call(
                "conversations.replies",
                client.conversations_replies,
                channel=channel_id,
                ts=thread_ts,
                limit=200,
                cursor=cursor,
            )
        else:
            page = call(
                "conversations.history", client.conversations_history, channel=channel_id, limit=200, cursor=cursor
            )
        for message in page.get("messages", []):
            for file in message.get("files") or ():
                if file.get("name") == name:
                    return str(file["id"])
        cursor = page.get("response_metadata", {}).get("next_cursor")
        if not cursor:
            return None
    return None
