"""What ``check --aws`` asks of Slack: channels, user groups, and whether the tokens are good for what they must do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.errors import UpstreamError
from bot.probes import Channel
from bot.slack.refusals import MEANINGS

LONGEST_PAUSE = 5.0
"""Seconds waited, once a call, where Slack asks for patience."""

_APP_TOKEN_MEANINGS = {
    "invalid_auth": "the app token is not valid (SLACK_APP_TOKEN)",
    "not_authed": "the app token is missing (SLACK_APP_TOKEN)",
    "token_revoked": "the app token was revoked (SLACK_APP_TOKEN)",
    "not_allowed_token_type": "this is no app-level token (xapp-...)",
    "missing_scope": "the app token lacks the scope connections:write",
}


class Survey:
    """Reads only. Every method raises UpstreamError in a sentence. ``pause`` waits for some seconds."""

    def __init__(self, client: WebClient, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._pause = pause

    def channels(self) -> Mapping[str, Channel]:
        """Every channel the bot can see, by ``#name`` and by id; archived ones too."""
        found: dict[str, Channel] = {}
        for page in self._pages("conversations.list", types="public_channel,private_channel", limit=1000):
            for channel in page["channels"]:
                state = Channel(bool(channel.get("is_member")), bool(channel.get("is_archived")))
                found[f"#{channel['name']}"] = found[channel["id"]] = state
        return found

    def user_groups(self) -> Mapping[str, str]:
        """The handles of the user groups, by id; disabled ones are left out."""
        groups: Any = self._call("usergroups.list", self._client.usergroups_list).data
        return {group["id"]: str(group.get("handle", "")) for group in groups["usergroups"]}

    def scopes(self) -> Collection[str]:
        """What the bot token may do, as Slack says in a header of every answer."""
        headers: Any = self._call("auth.test", self._client.auth_test).headers
        scopes = next((str(value) for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
        return [scope.strip() for scope in scopes.split(",") if scope.strip()]

    def connect(self, app_token: str) -> None:
        """Ask for the address of a WebSocket, as Socket Mode begins; nothing is opened."""
        open_ = self._client.apps_connections_open
        self._call("apps.connections.open", open_, MEANINGS | _APP_TOKEN_MEANINGS, app_token=app_token)

    def _pages(self, method: str, **arguments: Any) -> Iterator[Any]:
        cursor = None
        while cursor != "":
            page: Any = self._call(method, self._client.conversations_list, cursor=cursor, **arguments).data
            yield page
            cursor = page.get("response_metadata", {}).get("next_cursor") or ""

    def _call(
        self, method: str, call: Callable[..., SlackResponse], meanings: Mapping[str, str] = MEANINGS, **arguments: Any
    ) -> SlackResponse:
        try:
            try:
                return call(**arguments)
            except SlackApiError as error:
                if error.response.status_code != 429:
                    raise
                self._pause(min(LONGEST_PAUSE, _retry_after(error.response.headers)))
                return call(**arguments)
        except SlackApiError as error:
            raise _refused(method, error, meanings) from error
        except (httpx.TransportError, SlackClientError, OSError) as error:
            raise UpstreamError(f"Slack cannot be reached ({method}).", retryable=True) from error


def _retry_after(headers: Mapping[str, str]) -> float:
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    return float(given) if str(given).isdecimal() else 1.0


def _refused(method: str, error: SlackApiError, meanings: Mapping[str, str]) -> UpstreamError:
    answer = error.response
    word = str(answer.get("error", "")) if isinstance(answer.data, dict) else ""
    # For an answer that is no JSON, a proxy's page of HTML, slack_sdk makes a text of its own out of it.
    if not re.fullmatch(r"[a-z0-9_]+", word):
        word = f"status {answer.status_code}"
    return UpstreamError(f"Slack refused {method}: {meanings.get(word, word)}.", code=word)
