"""What ``check --aws`` asks of Slack: which channels there are, whether the bot is in them, what it may do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import UpstreamError


class Survey:
    """Reads only."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def channels(self) -> Mapping[str, bool]:
        """Whether the bot is a member, by ``#name`` and by id. Raises UpstreamError."""
        found: dict[str, bool] = {}
        cursor = None
        while True:
            try:
                page: Any = self._client.conversations_list(
                    types="public_channel,private_channel", exclude_archived=True, limit=1000, cursor=cursor
                ).data
            except (SlackApiError, SlackClientError, OSError) as error:
                raise UpstreamError(f"Slack did not list its channels: {error}") from error
            for channel in page["channels"]:
                found[f"#{channel['name']}"] = found[channel["id"]] = bool(channel.get("is_member"))
            cursor = page.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return found

    def scopes(self) -> Collection[str]:
        """What the token may do, as Slack says in a header of every answer. Raises UpstreamError."""
        try:
            answer = self._client.auth_test()
        except (SlackApiError, SlackClientError, OSError) as error:
            raise UpstreamError(f"Slack did not accept the bot token: {error}") from error
        headers: Any = answer.headers
        scopes = next((str(value) for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
        return [scope.strip() for scope in scopes.split(",") if scope.strip()]
