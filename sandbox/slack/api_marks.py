"""reactions.* and pins.*: what the app puts on messages."""

from __future__ import annotations

from typing import Any

from sandbox.slack import seed
from sandbox.slack.arguments import Arguments
from sandbox.slack.message import Message
from sandbox.slack.web_api import Method
from sandbox.slack.workspace import Workspace


class Marks:
    """Emoji and pins."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {
            "reactions.add": self._react,
            "reactions.remove": self._unreact,
            "reactions.get": self._reactions,
            "pins.add": self._pin,
            "pins.remove": self._unpin,
            "pins.list": self._pins,
        }

    def _message(self, arguments: Arguments) -> Message:
        channel = self._workspace.readable(arguments.required("channel", "channel_not_found"))
        return self._workspace.message(channel, arguments.required("timestamp", "message_not_found"))

    def _react(self, arguments: Arguments) -> dict[str, Any]:
        self._workspace.react(self._message(arguments), seed.BOT_USER, _emoji(arguments))
        return {}

    def _unreact(self, arguments: Arguments) -> dict[str, Any]:
        self._workspace.unreact(self._message(arguments), seed.BOT_USER, _emoji(arguments))
        return {}

    def _reactions(self, arguments: Arguments) -> dict[str, Any]:
        message = self._message(arguments)
        return {"type": "message", "channel": message.channel, "message": message.api()}

    def _pin(self, arguments: Arguments) -> dict[str, Any]:
        self._workspace.pin(self._message(arguments), seed.BOT_USER)
        return {}

    def _unpin(self, arguments: Arguments) -> dict[str, Any]:
        self._workspace.unpin(self._message(arguments))
        return {}

    def _pins(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._workspace.readable(arguments.required("channel", "channel_not_found"))
        pinned = [channel.messages[ts] for ts in reversed(channel.pins)]
        return {"items": [{"type": "message", "channel": channel.id, **_pinned(message)} for message in pinned]}


def _emoji(arguments: Arguments) -> str:
    return arguments.required("name", "invalid_name").strip(":")


def _pinned(message: Message) -> dict[str, Any]:
    held = message.pinned or {}
    return {"message": message.api(), "created": held.get("pinned_ts"), "created_by": held.get("pinned_by")}
