"""What people write in Slack's client: messages, edits, files."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.slack.channel import Channel
from sandbox.slack.errors import SlackError
from sandbox.slack.events import Events
from sandbox.slack.message import Message
from sandbox.slack.people import People
from sandbox.slack.workspace import Workspace

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes of a file that a person may post here; Slack takes a gigabyte."""


class Writing:
    """The app hears of it where it is a member and subscribed to such events."""

    def __init__(self, workspace: Workspace, people: People, events: Events) -> None:
        self._workspace = workspace
        self._people = people
        self._events = events

    def say(self, user: str, channel_name: str, text: str, thread_ts: str | None) -> Message:
        """Write a message. Raises SlackError."""
        self._people.user(user)
        channel, thread_ts = self._place(channel_name, thread_ts)
        if not text:
            raise SlackError("no_text")
        message = Message(self._workspace.next_ts(channel), channel.id, user, text, thread_ts=thread_ts)
        self._workspace.add(channel, message)
        self._events.said(message)
        return message

    def post_file(self, user: str, channel_name: str, thread_ts: str | None, given: dict[str, Any]) -> Message:
        """Post a file with a text or none: {"name", "content" (base64), "title"?, "text"?}. Raises SlackError."""
        self._people.user(user)
        channel, thread_ts = self._place(channel_name, thread_ts)
        name, text = str(given.get("name") or ""), str(given.get("text") or "")
        try:
            content = base64.b64decode(str(given.get("content") or ""), validate=True)
        except binascii.Error:
            raise SlackError("invalid_content", detail="The file's content must be base64.") from None
        if not name or not content or len(content) > LARGEST_FILE:
            raise SlackError("invalid_file", detail="A file has a name, and between 1 byte and 8 MB.")
        file = self._workspace.file(name, len(content), "", user)
        file.content = content
        # What a person posts was looked into while it was uploaded.
        self._workspace.complete(file, str(given.get("title") or name), 0.0)
        message = Message(self._workspace.next_ts(channel), channel.id, user, text, thread_ts=thread_ts)
        self._workspace.share(message, [file])
        self._events.said(message)
        return message

    def edit(self, user: str, channel_name: str, ts: str, text: str) -> None:
        """Write one's own message anew. Raises SlackError message_not_found, cant_update_message or no_text."""
        message = self._own(user, channel_name, ts, "cant_update_message")
        if not text and not message.files:
            raise SlackError("no_text")
        if message.text == text:
            return
        before = self._events.shown(message)
        message.text = text
        self._workspace.edit(message, user)
        self._events.changed(message, before)

    def delete(self, user: str, channel_name: str, ts: str) -> None:
        """Take one's own message away. Raises SlackError message_not_found or cant_delete_message."""
        message = self._own(user, channel_name, ts, "cant_delete_message")
        before = self._events.shown(message)
        self._workspace.delete(message)
        self._events.deleted(message, before)

    def _place(self, channel_name: str, thread_ts: str | None) -> tuple[Channel, str | None]:
        channel = self._workspace.channel(channel_name)
        if channel.is_archived:
            raise SlackError("is_archived")
        if thread_ts is None:
            return channel, None
        parent = self._workspace.message(channel, thread_ts, "thread_not_found")
        return channel, parent.thread_ts or parent.ts

    def _own(self, user: str, channel_name: str, ts: str, word: str) -> Message:
        self._people.user(user)
        message = self._workspace.message(self._workspace.channel(channel_name), ts)
        if message.subtype == "tombstone":
            raise SlackError("message_not_found")
        if message.user != user:
            raise SlackError(word)
        return message
