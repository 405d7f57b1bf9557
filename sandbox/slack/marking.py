"""What people put on messages in Slack's client: emoji and pins."""

from __future__ import annotations

from sandbox.slack.events import Events
from sandbox.slack.message import Message
from sandbox.slack.people import People
from sandbox.slack.workspace import Workspace


class Marking:
    """The app hears of it where it is a member and subscribed to such events."""

    def __init__(self, workspace: Workspace, people: People, events: Events) -> None:
        self._workspace = workspace
        self._people = people
        self._events = events

    def react(self, user: str, channel_name: str, ts: str, name: str, *, remove: bool = False) -> None:
        """Put an emoji on a message or take it away. Raises SlackError already_reacted, no_reaction or invalid_name."""
        message, name = self._message(user, channel_name, ts), name.strip(":")
        if remove:
            self._workspace.unreact(message, user, name)
        else:
            self._workspace.react(message, user, name)
        self._events.reacted(user, message, name, added=not remove)

    def pin(self, user: str, channel_name: str, ts: str, *, remove: bool = False) -> None:
        """Pin a message to its channel or take the pin away. Raises SlackError already_pinned or no_pin."""
        message = self._message(user, channel_name, ts)
        if remove:
            self._workspace.unpin(message)
        else:
            self._workspace.pin(message, user)
        self._events.pinned(user, message, added=not remove)

    def _message(self, user: str, channel_name: str, ts: str) -> Message:
        self._people.user(user)
        return self._workspace.message(self._workspace.channel(channel_name), ts)
