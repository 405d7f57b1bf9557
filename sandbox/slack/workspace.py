"""What the pretend Slack knows: people, channels, messages. Used by one thread, the server's."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.clock import Clock
from sandbox.slack import seed
from sandbox.slack.channel import Channel
from sandbox.slack.errors import SlackError
from sandbox.slack.files import File
from sandbox.slack.message import Message

MOST_EMOJI = 23
"""Different ones on a message: https://docs.slack.dev/reference/methods/reactions.add"""

Tell = Callable[..., None]
"""Called with the kind of an event, its payload, and the users who see it (None: everybody)."""


class Workspace:
    """All of it; ``tell`` hears of every change that people see. ``url`` is the server's own."""

    def __init__(self, clock: Clock, tell: Tell, url: str) -> None:
        self.clock = clock
        self.url = url
        self._tell = tell
        self._numbers = itertools.count(1)
        self.files: dict[str, File] = {}
        self.users = seed.users()
        self.usergroups = seed.usergroups()
        self.channels: dict[str, Channel] = {}
        for channel_id, name, topic in seed.channels():
            self.channels[channel_id] = Channel(channel_id, name, topic, int(clock.now()), list(self.users))

    def number(self) -> int:
        """A number that was not used before, for ids."""
        return next(self._numbers)

    def new_id(self, letter: str) -> str:
        """An id such as "F0000001K" that nothing else has."""
        return f"{letter}0{self.number():07d}"

    def channel(self, name: str) -> Channel:
        """By id or "#name". Raises SlackError channel_not_found."""
        found = self.channels.get(name)
        if found is None:
            wanted = name.removeprefix("#")
            found = next((one for one in self.channels.values() if one.name == wanted and not one.is_im), None)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def visible(self, channel_id: str) -> Channel:
        """One that the app may know of, by its id only. Raises SlackError channel_not_found."""
        found = self.channels.get(channel_id)
        if found is None or (found.is_private and not found.is_member):
            raise SlackError("channel_not_found")
        return found

    def readable(self, channel_id: str) -> Channel:
        """One that the app is in. Raises SlackError channel_not_found or not_in_channel."""
        found = self.visible(channel_id)
        if not found.is_member:
            raise SlackError("not_in_channel")
        return found

    def place(self, name: str) -> str:
        """The id behind a channel's name, or a person's conversation; any other name as it is."""
        if name in self.users:
            return direct_id(name)
        try:
            return self.channel(name).id
        except SlackError:
            return name

    def add_channel(self, name: str, *, is_private: bool = False) -> Channel:
        """A new channel in which everybody is, the bot included."""
        channel_id = seed.channel_id(name)
        if channel_id in self.channels:
            raise SlackError("name_taken")
        made = Channel(channel_id, name, "", int(self.clock.now()), list(self.users), is_private=is_private)
        self.channels[channel_id] = made
        return made

    def direct(self, user: str) -> Channel:
        """The bot's direct conversation with somebody, opened where it is not. Raises SlackError user_not_found."""
        if user not in self.users or user == seed.BOT_USER:
            raise SlackError("user_not_found")
        channel_id = direct_id(user)
        if channel_id not in self.channels:
            name = str(self.users[user]["name"])
            members = [user, seed.BOT_USER]
            self.channels[channel_id] = Channel(channel_id, name, "", int(self.clock.now()), members, is_im=True)
            self._tell("state", {}, None)
        return self.channels[channel_id]

    def next_ts(self, channel: Channel) -> str:
        """A message's timestamp: the clock's microseconds, and never twice in a channel."""
        channel.last_ts = max(int(self.clock.now() * 1_000_000), channel.last_ts + 1)
        return f"{channel.last_ts // 1_000_000}.{channel.last_ts % 1_000_000:06d}"

    def stamp(self) -> str:
        """The instant of something that is no message, in the form of a message's timestamp."""
        return f"{self.clock.now():.6f}"

    def message(self, channel: Channel, ts: str, word: str = "message_not_found") -> Message:
        """One that everybody can see. Raises SlackError with the word."""
        found = channel.messages.get(ts)
        if found is None or found.only_for is not None:
            raise SlackError(word)
        return found

    def add(self, channel: Channel, message: Message) -> Message:
        """Put a message into a channel and show it to those who may see it."""
        channel.messages[message.ts] = message
        if message.only_for is not None:
            self._tell("ephemeral", self._event(message), frozenset((message.only_for,)))
            return message
        parent = channel.messages.get(message.thread_ts or "")
        if parent is not None and parent is not message:
            parent.replies.append((message.ts, message.user))
        self._tell("message", self._event(message), channel.audience)
        if parent is not None and parent is not message:
            self.changed(parent)
        return message

    def changed(self, message: Message) -> None:
        """Show a message that is different now."""
        audience = self.channels[message.channel].audience
        if message.only_for is not None:
            audience = frozenset((message.only_for,))
        self._tell("message_changed", self._event(message), audience)

    def edit(self, message: Message, editor: str) -> None:
        """Mark a message as edited and show it."""
        message.edited = {"user": editor, "ts": self.stamp()}
        self.changed(message)

    def delete(self, message: Message) -> None:
        """Take a message away; one that has replies leaves a stone in its place."""
        channel = self.channels[message.channel]
        if message.replies:
            message.text, message.blocks, message.attachments = "This message was deleted.", [], []
            message.subtype, message.metadata, message.files = "tombstone", None, []
            self.changed(message)
            return
        del channel.messages[message.ts]
        channel.pins = [ts for ts in channel.pins if ts != message.ts]
        audience = channel.audience if message.only_for is None else frozenset((message.only_for,))
        payload = {"channel": channel.id, "deleted_ts": message.ts, "message": message.client(self.users)}
        self._tell("message_deleted", payload, audience)
        parent = channel.messages.get(message.thread_ts or "")
        if parent is not None:
            parent.replies = [reply for reply in parent.replies if reply[0] != message.ts]
            self.changed(parent)

    def file(self, name: str, size: int, alt_txt: str, user: str, snippet_type: str = "") -> File:
        """A new file whose bytes are yet to come."""
        made = File(self.clock, self.url, self.new_id("F"), name, size, alt_txt, user, snippet_type)
        self.files[made.id] = made
        return made

    def complete(self, file: File, title: str, looking: float) -> None:
        """Its bytes are there; Slack looks into it for so many seconds."""
        now = self.clock.now()
        file.title, file.created, file.ready_at, file.is_complete = title, int(now), now + looking, True

    def share(self, message: Message, files: list[File]) -> Message:
        """Show a message with files."""
        message.files = files
        for file in files:
            file.shares.append({"channel": message.channel, "ts": message.ts, "thread_ts": message.thread_ts})
        return self.add(self.channels[message.channel], message)

    def forget(self, file: File) -> None:
        """Delete a file: where it was shared, a stone is left."""
        file.is_deleted, file.content = True, None
        for share in file.shares:
            message = self.channels[share["channel"]].messages.get(share["ts"])
            if message is not None:
                self.changed(message)

    def react(self, message: Message, user: str, name: str) -> None:
        """Put somebody's emoji on a message. Raises SlackError invalid_name, already_reacted or too_many_emoji."""
        users = message.reactions.get(name, [])
        if not re.fullmatch(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?", name):
            raise SlackError("invalid_name")
        if user in users:
            raise SlackError("already_reacted")
        if not users and len(message.reactions) >= MOST_EMOJI:
            raise SlackError("too_many_emoji")
        message.reactions[name] = [*users, user]
        self.changed(message)

    def unreact(self, message: Message, user: str, name: str) -> None:
        """Take somebody's emoji away. Raises SlackError no_reaction."""
        users = message.reactions.get(name, [])
        if user not in users:
            raise SlackError("no_reaction")
        message.reactions[name] = [one for one in users if one != user]
        if not message.reactions[name]:
            del message.reactions[name]
        self.changed(message)

    def pin(self, message: Message, user: str) -> None:
        """Pin it to its channel. Raises SlackError already_pinned."""
        channel = self.channels[message.channel]
        if message.ts in channel.pins:
            raise SlackError("already_pinned")
        channel.pins.append(message.ts)
        message.pinned = {"channel": channel.id, "pinned_by": user, "pinned_ts": int(self.clock.now())}
        self.changed(message)

    def unpin(self, message: Message) -> None:
        """Take the pin away. Raises SlackError no_pin."""
        channel = self.channels[message.channel]
        if message.ts not in channel.pins:
            raise SlackError("no_pin")
        channel.pins.remove(message.ts)
        message.pinned = None
        self.changed(message)

    def timeline(self, channel: Channel) -> Iterator[Message]:
        """What the channel itself shows to everybody, oldest first."""
        return (one for one in channel.messages.values() if one.only_for is None and not one.in_thread_only)

    def _event(self, message: Message) -> dict[str, Any]:
        return {"channel": message.channel, "message": message.client(self.users)}


def direct_id(user: str) -> str:
    """The id of the bot's direct conversation with somebody."""
    return "D0" + user.removeprefix("U0")
