"""conversations.*: where things are said, and what was."""

from __future__ import annotations

from typing import Any

from sandbox.slack import seed
from sandbox.slack.arguments import Arguments
from sandbox.slack.channel import Channel
from sandbox.slack.errors import SlackError
from sandbox.slack.message import Message
from sandbox.slack.paging import page
from sandbox.slack.web_api import Method
from sandbox.slack.workspace import Workspace


class Conversations:
    """Channels and the messages in them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.list": self._list,
            "conversations.info": self._info,
            "conversations.members": self._members,
            "conversations.join": self._join,
            "conversations.open": self._open,
            "users.conversations": self._mine,
        }

    def _history(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._workspace.readable(_named(arguments))
        newest_first = [one for one in self._workspace.timeline(channel) if _within(one, arguments)][::-1]
        return self._shown(newest_first, arguments) | {"pin_count": len(channel.pins)}

    def _replies(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._workspace.readable(_named(arguments))
        asked = self._workspace.message(channel, arguments.required("ts", "thread_not_found"), "thread_not_found")
        parent = channel.messages.get(asked.thread_ts or asked.ts, asked)
        replies = [channel.messages[ts] for ts, _ in parent.replies if ts in channel.messages]
        return self._shown([parent, *(one for one in replies if _within(one, arguments))], arguments)

    def _shown(self, messages: list[Message], arguments: Arguments) -> dict[str, Any]:
        found, more = page(messages, arguments, default=100, highest=999)
        metadata = arguments.flag("include_all_metadata")
        answer: dict[str, Any] = {"messages": [one.api(metadata=metadata) for one in found]}
        answer["has_more"] = bool(more["next_cursor"])
        return answer | ({"response_metadata": more} if answer["has_more"] else {})

    def _list(self, arguments: Arguments) -> dict[str, Any]:
        visible = [one for one in self._workspace.channels.values() if one.is_member or not one.is_private]
        return self._channels(visible, arguments)

    def _mine(self, arguments: Arguments) -> dict[str, Any]:
        user = arguments.text("user") or seed.BOT_USER
        return self._channels([one for one in self._workspace.channels.values() if user in one.members], arguments)

    def _channels(self, channels: list[Channel], arguments: Arguments) -> dict[str, Any]:
        types = [kind.strip() for kind in (arguments.text("types") or "public_channel").split(",")]
        if not {"public_channel", "private_channel", "im", "mpim"}.issuperset(types):
            raise SlackError("invalid_types")
        wanted = [
            one
            for one in channels
            if ("im" if one.is_im else "private_channel" if one.is_private else "public_channel") in types
            and not (one.is_archived and arguments.flag("exclude_archived"))
        ]
        found, more = page(wanted, arguments, default=100, highest=1000)
        return {"channels": [one.api() for one in found], "response_metadata": more}

    def _info(self, arguments: Arguments) -> dict[str, Any]:
        return {"channel": self._workspace.visible(_named(arguments)).api()}

    def _members(self, arguments: Arguments) -> dict[str, Any]:
        found, more = page(self._workspace.visible(_named(arguments)).members, arguments, default=100, highest=1000)
        return {"members": found, "response_metadata": more}

    def _join(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._workspace.visible(_named(arguments))
        if channel.is_archived:
            raise SlackError("is_archived")
        if channel.is_im or channel.is_private:
            raise SlackError("method_not_supported_for_channel_type")
        if channel.is_member:
            return {"channel": channel.api(), "warning": "already_in_channel"}
        channel.members.append(seed.BOT_USER)
        return {"channel": channel.api()}

    def _open(self, arguments: Arguments) -> dict[str, Any]:
        users = [user for user in arguments.text("users").split(",") if user]
        if len(users) != 1:
            raise SlackError("users_list_not_supplied" if not users else "too_many_users")
        channel = self._workspace.direct(users[0])
        return {"channel": channel.api() if arguments.flag("return_im") else {"id": channel.id}}


def _named(arguments: Arguments) -> str:
    return arguments.required("channel", "channel_not_found")


def _within(message: Message, arguments: Arguments) -> bool:
    """Between ``oldest`` and ``latest``; the ends belong to it only with ``inclusive``."""
    at = _micros(message.ts)
    oldest, latest = arguments.text("oldest"), arguments.text("latest")
    try:
        low = _micros(oldest) if oldest else -1
        high = _micros(latest) if latest and latest != "now" else None
    except ValueError:
        raise SlackError("invalid_ts_oldest" if oldest else "invalid_ts_latest") from None
    if arguments.flag("inclusive"):
        return low <= at and (high is None or at <= high)
    return low < at and (high is None or at < high)


def _micros(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int((fraction + "000000")[:6])
