"""What Slack's refusals mean, in words: https://docs.slack.dev/reference/methods lists the errors of each method."""

from __future__ import annotations

import re
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.errors import UpstreamError

RETRYABLE = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
"""https://docs.slack.dev/reference/methods/chat.postMessage lists the errors."""

MEANINGS = {
    "channel_not_found": "there is no such channel, or the bot cannot see it: invite it with /invite",
    "not_in_channel": "the bot is not in the channel: invite it with /invite",
    "is_archived": "the channel is archived",
    "invalid_auth": "the bot token is not valid (SLACK_BOT_TOKEN)",
    "not_authed": "the bot token is missing (SLACK_BOT_TOKEN)",
    "token_revoked": "the bot token was revoked (SLACK_BOT_TOKEN)",
    "view_too_large": "the form is larger than the 250 KB Slack takes",
    "missing_scope": "the app lacks a permission: reinstall it with the manifest of `python -m bot manifest`",
}

REASONED = frozenset({"invalid_arguments", "invalid_blocks"})
"""Errors of which Slack says where in the message or view they are, and which limit was passed."""


def refused(method: str, error: SlackApiError) -> UpstreamError:
    """The error in words for people, with what it means to whoever would try again."""
    answer = error.response
    word = str(answer.get("error", "")) if isinstance(answer.data, dict) else ""
    # When the answer was no JSON, slack_sdk puts its whole text here.
    word = word if re.fullmatch(r"[a-z0-9_]{1,80}", word) else ""
    status = int(answer.status_code or 0)
    retryable = word in RETRYABLE or status == 429 or status >= 500
    after = float(answer.headers.get("retry-after") or answer.headers.get("Retry-After") or 0)
    meaning = MEANINGS.get(word, word or f"status {status}")
    if word in REASONED:
        meaning += "".join(f" ({reason})" for reason in _reasons(answer.data)[:1])
    return UpstreamError(f"Slack refused {method}: {meaning}.", retryable=retryable, retry_after=after, code=word)


def _reasons(answer: Any) -> list[str]:
    said = answer.get("response_metadata", {}).get("messages", []) if isinstance(answer, dict) else []
    return [str(reason).removeprefix("[ERROR] ")[:200] for reason in said]
