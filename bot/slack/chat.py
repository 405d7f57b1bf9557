"""Messages to Slack, and what Slack knows of people and channels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot.chat_ports import Said
from bot.domain import Person
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.ports import Clock, Message
from bot.slack import files, reading
from bot.slack.refusals import refused

EVENT_TYPE = "runbook_bot"
KEPT_SECONDS = 300.0
"""How long people, groups and channels are remembered."""
FIND_PAGES = 5

TRIGGERS = {
    "expired_trigger_id": "Slack gives three seconds to open a form, and they were over.",
    "exchanged_trigger_id": "This form was opened before.",
}
"""https://docs.slack.dev/reference/methods/views.open lists the errors."""


class SlackChat:
    """Fills ``bot.ports.Chat`` with Slack's Web API."""

    def __init__(self, client: WebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}
        self.away = False
        """True while the last call did not reach Slack, or only its failing servers."""

    def post(self, channel: str, message: Message, *, key: str, thread_ts: str = "", broadcast: bool = False) -> str:
        answer = self._call(
            "chat.postMessage",
            self._client.chat_postMessage,
            channel=self.channel_id(channel),
            text=message.text,
            blocks=list(message.blocks) or None,
            thread_ts=thread_ts or None,
            reply_broadcast=True if broadcast and thread_ts else None,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": key}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["ts"])

    def find(self, channel: str, key: str, *, since: float, thread_ts: str = "") -> str | None:
        channel_id, cursor = self.channel_id(channel), None
        for _ in range(FIND_PAGES):
            if thread_ts:
                page = self._call(
                    "conversations.replies",
                    self._client.conversations_replies,
                    channel=channel_id,
                    ts=thread_ts,
                    include_all_metadata=True,
                    limit=200,
                    cursor=cursor,
                )
            else:
                page = self._call(
                    "conversations.history",
                    self._client.conversations_history,
                    channel=channel_id,
                    oldest=f"{since:.6f}",
                    include_all_metadata=True,
                    limit=200,
                    cursor=cursor,
                )
            for message in page.get("messages", []):
                payload = message.get("metadata", {}).get("event_payload", {})
                if payload.get("key") == key:
                    return str(message["ts"])
            cursor = page.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return None
        return None

    def update(self, channel: str, ts: str, message: Message) -> None:
        self._call(
            "chat.update",
            self._client.chat_update,
            channel=self.channel_id(channel),
            ts=ts,
            text=message.text,
            blocks=list(message.blocks) or None,
        )

    def whisper(self, channel: str, user: str, message: Message, *, thread_ts: str = "") -> None:
        if channel == user:
            # Where the app talks to one person there is nothing to hide: chat.postEphemeral knows no such place.
            self._call(
                "chat.postMessage",
                self._client.chat_postMessage,
                channel=user,
                text=message.text,
                blocks=list(message.blocks) or None,
            )
            return
        self._call(
            "chat.postEphemeral",
            self._client.chat_postEphemeral,
            channel=self.channel_id(channel),
            user=user,
            text=message.text,
            blocks=list(message.blocks) or None,
            thread_ts=thread_ts or None,
        )

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        try:
            answer = self._call("views.open", self._client.views_open, trigger_id=trigger_id, view=dict(view))
        except UpstreamError as error:
            if error.code in TRIGGERS:
                raise ConflictError(TRIGGERS[error.code], hint="Ask for it again.") from error
            raise
        return str(answer["view"]["id"])

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> bool:
        try:
            self._call("views.update", self._client.views_update, view_id=view_id, view=dict(view))
        except UpstreamError as error:
            if error.code == "not_found":
                return False
            raise
        return True

    def respond(self, response_url: str, message: Message) -> None:
        hook = WebhookClient(response_url, timeout=10)
        try:
            answer = hook.send(
                text=message.text,
                blocks=list(message.blocks) or None,
                response_type="ephemeral",
                replace_original=False,
                unfurl_links=False,
            )
        except (OSError, SlackClientError) as error:
            raise UpstreamError("Slack cannot be reached.", retryable=True) from error
        if answer.status_code != 200:
            retryable = answer.status_code == 429 or answer.status_code >= 500
            raise UpstreamError(
                f"Slack did not take the answer (response_url, status {answer.status_code}).", retryable=retryable
            )

    def upload(
        self,
        channel: str,
        thread_ts: str,
        name: str,
        title: str,
        content: bytes,
        alt: str,
        comment: str = "",
        *,
        snippet_type: str = "",
    ) -> str:
        return files.upload(
            *(self._call, self._client, self.channel_id(channel) if channel else ""),
            thread_ts=thread_ts,
            name=name,
            title=title,
            content=content,
            alt=alt,
            comment=comment,
            snippet_type=snippet_type,
        )

    def find_file(self, channel: str, thread_ts: str, name: str) -> str | None:
        return files.find(self._call, self._client, self.channel_id(channel), thread_ts, name)

    def message(self, channel: str, ts: str) -> Said | None:
        return reading.message(self._call, self._client, self.channel_id(channel), ts)

    def group_members(self, group: str) -> tuple[str, ...]:
        groups: dict[str, frozenset[str]] = self._remember("groups", self._groups)
        return tuple(sorted(groups.get(group, ())))

    def publish_home(self, user: str, view: Mapping[str, Any], *, seen: str = "") -> str:
        try:
            answer = self._call(
                "views.publish", self._client.views_publish, user_id=user, view=dict(view), hash=seen or None
            )
        except UpstreamError as error:
            if error.code == "hash_conflict":
                raise ConflictError("Something newer is shown there already.") from error
            raise
        return str(answer["view"].get("hash") or "")

    def permalink(self, channel: str, ts: str) -> str:
        answer = self._call(
            "chat.getPermalink", self._client.chat_getPermalink, channel=self.channel_id(channel), message_ts=ts
        )
        return str(answer["permalink"])

    def channel_id(self, channel: str) -> str:
        if channel.startswith(("U", "W")):
            # A message finds its way by the user's id alone; files and updates do not.
            conversation: str = self._remember(f"im:{channel}", lambda: self._conversation(channel))
            return conversation
        if not channel.startswith("#"):
            return channel
        ids: dict[str, str] = self._remember("channels", self._channels)
        name = channel[1:]
        if name not in ids:
            raise NotFoundError(f"Slack has no channel {channel} that the bot can see.", hint="Invite the bot to it.")
        return ids[name]

    def is_channel(self, channel: str, name: str) -> bool:
        """Whether an id is that of a ``#name`` (or an id), as far as it is known without asking Slack."""
        ids: dict[str, str] | None = self._kept.get("channels", (0.0, None))[1]
        return channel in (name, (ids or {}).get(name.removeprefix("#")))

    def _conversation(self, user: str) -> str:
        return str(self._call("conversations.open", self._client.conversations_open, users=[user])["channel"]["id"])

    def _channels(self) -> dict[str, str]:
        found: dict[str, str] = {}
        cursor = None
        while True:
            page = self._call(
                "conversations.list",
                self._client.conversations_list,
                types="public_channel,private_channel",
                # What is archived has its name still, and says itself that nothing can be posted there.
                exclude_archived=False,
                limit=1000,
                cursor=cursor,
            )
            found |= {channel["name"]: channel["id"] for channel in page["channels"]}
            cursor = page.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return found

    def person(self, user: str) -> Person:
        person: Person = self._remember(f"user:{user}", lambda: self._person(user))
        return person

    def _person(self, user: str) -> Person:
        known = self._call("users.info", self._client.users_info, user=user)["user"]
        groups: dict[str, frozenset[str]] = self._remember("groups", self._groups)
        profile = known.get("profile", {})
        return Person(
            user=user,
            name=str(profile.get("display_name") or known.get("real_name") or known.get("name") or user),
            is_stranger=bool(known.get("is_stranger")) or known.get("team_id", self._team()) != self._team(),
            is_guest=bool(known.get("is_restricted") or known.get("is_ultra_restricted")),
            is_bot=bool(known.get("is_bot") or known.get("is_workflow_bot")),
            groups=frozenset(group for group, users in groups.items() if user in users),
        )

    def _team(self) -> str:
        team: str = self._remember("team", lambda: str(self._call("auth.test", self._client.auth_test)["team_id"]))
        return team

    def _groups(self) -> dict[str, frozenset[str]]:
        answer = self._call("usergroups.list", self._client.usergroups_list, include_users=True)
        return {group["id"]: frozenset(group.get("users") or ()) for group in answer["usergroups"]}

    def _remember(self, name: str, read: Callable[[], Any]) -> Any:
        now = self._clock.now()
        with self._lock:
            at, value = self._kept.get(name, (0.0, None))
        if value is not None and 0 <= now - at < KEPT_SECONDS:
            return value
        value = read()
        with self._lock:
            self._kept[name] = (now, value)
        return value

    def _call(self, method: str, call: Callable[..., SlackResponse], **arguments: Any) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            data = call(**given).data
            self.away = False
            return data
        except SlackApiError as error:
            self.away = int(error.response.status_code or 0) >= 500
            raise refused(method, error) from error
        except (httpx.TransportError, OSError, SlackRequestError, SlackClientError) as error:
            self.away = True
            raise UpstreamError(f"Slack cannot be reached ({method}).", retryable=True) from error
