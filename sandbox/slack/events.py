"""What the app is told of that it did not ask for: https://docs.slack.dev/reference/events

Of what the app does itself it is not told, for Bolt leaves that out anyway.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.slack import seed
from sandbox.slack.channel import Channel
from sandbox.slack.delivery import Delivery
from sandbox.slack.installation import Installation
from sandbox.slack.message import Message
from sandbox.slack.workspace import Workspace

_MENTIONS_BOT = re.compile(rf"<@{seed.BOT_USER}(?:\|[^<>]*)?>")


class Events:
    """Each goes to the app if it subscribed to such events, has their scope and is in the channel."""

    def __init__(self, workspace: Workspace, delivery: Delivery, installation: Installation) -> None:
        self._workspace = workspace
        self._delivery = delivery
        self._installation = installation

    def said(self, message: Message) -> None:
        """A person wrote it."""
        channel = self._workspace.channels[message.channel]
        told = self._message(message) | {"channel": channel.id, "event_ts": message.ts}
        subtype = {"subtype": "file_share"} if message.files else {}
        self._about_messages(channel, {"type": "message", **told, **subtype})
        if not channel.is_im and _MENTIONS_BOT.search(message.text):
            self._tell("app_mention", channel, told | {"type": "app_mention"})
        for file in message.files:
            shared = {"file_id": file.id, "file": {"id": file.id}, "user_id": message.user}
            shared |= {"channel_id": channel.id, "event_ts": message.ts}
            self._tell("file_shared", channel, {"type": "file_shared", **shared})

    def changed(self, message: Message, before: dict[str, Any]) -> None:
        """A person edited it; ``before`` is what ``shown`` gave then."""
        channel = self._workspace.channels[message.channel]
        told = {"message": self._message(message), "previous_message": before}
        self._about_messages(channel, self._hidden(channel, "message_changed") | told)

    def deleted(self, message: Message, before: dict[str, Any]) -> None:
        """A person took it away."""
        channel = self._workspace.channels[message.channel]
        told = {"deleted_ts": message.ts, "previous_message": before}
        self._about_messages(channel, self._hidden(channel, "message_deleted") | told)

    def shown(self, message: Message) -> dict[str, Any]:
        """A message as events carry it."""
        return self._message(message)

    def reacted(self, user: str, message: Message, name: str, *, added: bool) -> None:
        """A person put an emoji on it, or took theirs away."""
        kind = "reaction_added" if added else "reaction_removed"
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        told = {"type": kind, "user": user, "reaction": name, "item": item, "item_user": message.user}
        channel = self._workspace.channels[message.channel]
        self._tell(kind, channel, told | {"event_ts": self._workspace.stamp()})

    def pinned(self, user: str, message: Message, *, added: bool) -> None:
        """A person pinned it to its channel, or took the pin away."""
        kind = "pin_added" if added else "pin_removed"
        channel = self._workspace.channels[message.channel]
        at = int(self._workspace.clock.now())
        item = {"type": "message", "channel": channel.id, "message": message.api(), "created": at, "created_by": user}
        told: dict[str, Any] = {
            "type": kind,
            "user": user,
            "channel_id": channel.id,
            "item": item,
            "item_user": message.user,
        }
        told |= {"pin_count": str(len(channel.pins)), "event_ts": self._workspace.stamp()}
        if added:
            told["pinned_info"] = {"channel": channel.id, "pinned_by": user, "pinned_ts": at}
        else:
            told["has_pins"] = bool(channel.pins)
        self._tell(kind, channel, told)

    def home_opened(self, user: str, tab: str, view: dict[str, Any] | None) -> None:
        """A person opened the app's page: its tab "home" or "messages"."""
        channel = self._workspace.direct(user)
        told: dict[str, Any] = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab}
        told |= {"event_ts": self._workspace.stamp()} | ({"view": view} if view is not None else {})
        self._tell("app_home_opened", channel, told)

    def invited(self, channel: Channel) -> None:
        """The app was let into a channel."""
        told = {"type": "member_joined_channel", "user": seed.BOT_USER, "channel": channel.id, "team": seed.TEAM}
        told |= {"channel_type": "G" if channel.is_private else "C", "event_ts": self._workspace.stamp()}
        self._tell("member_joined_channel", channel, told)

    def _message(self, message: Message) -> dict[str, Any]:
        return message.api() | {"team": self._workspace.users[message.user]["team_id"]}

    def _hidden(self, channel: Channel, subtype: str) -> dict[str, Any]:
        stamp = self._workspace.stamp()
        told = {"type": "message", "subtype": subtype, "hidden": True}
        return told | {"channel": channel.id, "ts": stamp, "event_ts": stamp}

    def _about_messages(self, channel: Channel, event: dict[str, Any]) -> None:
        kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
        subscription = "message.im" if channel.is_im else f"message.{kind}s"
        self._tell(subscription, channel, event | {"channel_type": kind})

    def _tell(self, subscription: str, channel: Channel, event: dict[str, Any]) -> None:
        if channel.is_member and self._installation.hears(subscription):
            self._delivery.event(event)
