"""What the pretend Slack knows: people, channels, messages. Used by one thread, the server's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import Clock
from sandbox.slack import seed
from sandbox.slack.errors import SlackError
from sandbox.slack.pings import pings

Tell = Callable[..., None]
"""Called with the kind of an event, its payload, and the users who see it (None: everybody)."""


@dataclass
class Message:
    """One message; ``only_for`` makes it ephemeral, visible to that user alone."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Any] = field(default_factory=list)
    attachments: list[Any] = field(default_factory=list)
    thread_ts: str | None = None
    subtype: str | None = None
    metadata: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    replies: list[tuple[str, str]] = field(default_factory=list)
    edited: dict[str, str] | None = None
    only_for: str | None = None
    from_app: bool = False
    username: str | None = None
    link_names: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def in_thread_only(self) -> bool:
        """Whether it is a reply that the channel does not show."""
        return self.thread_ts not in (None, self.ts) and self.subtype != "thread_broadcast"

    def api(self, *, metadata: bool = False) -> dict[str, Any]:
        """As the Web API shows it; metadata only to those who ask."""
        shown: dict[str, Any] = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        if self.subtype:
            shown["subtype"] = self.subtype
        if self.from_app:
            shown |= {"bot_id": seed.BOT, "app_id": seed.APP, "team": seed.TEAM}
        for name in ("username", "blocks", "attachments", "edited", "files", "thread_ts"):
            if getattr(self, name):
                shown[name] = getattr(self, name)
        if self.replies:
            users = list(dict.fromkeys(user for _, user in self.replies))
            shown |= {"thread_ts": self.ts, "reply_count": len(self.replies), "reply_users": users}
            shown |= {"reply_users_count": len(users), "latest_reply": self.replies[-1][0]}
        if self.reactions:
            shown["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        if metadata and self.metadata:
            shown["metadata"] = self.metadata
        return shown | self.extra

    def client(self, users: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """As the page and the tests see it: with metadata and with everybody it pings."""
        shown = self.api(metadata=True)
        author = users.get(self.user, {})
        shown |= {
            "channel": self.channel,
            "username": self.username or author.get("real_name") or self.user,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "thread_ts": shown.get("thread_ts"),
            "reply_count": len(self.replies),
            "edited": self.edited,
            "ephemeral": self.only_for is not None,
            "metadata": self.metadata,
            "files": self.files,
            "pings": pings(self.text, self.blocks, self.attachments, link_names=self.link_names),
        }
        return shown


@dataclass
class Channel:
    """A channel, or a direct conversation where ``is_im``."""

    id: str
    name: str
    topic: str
    created: int
    members: list[str]
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    last_ts: int = 0

    @property
    def is_member(self) -> bool:
        """Whether the bot is in it."""
        return seed.BOT_USER in self.members

    @property
    def audience(self) -> frozenset[str] | None:
        """Who sees what is said; None is everybody."""
        return frozenset(self.members) if self.is_im or self.is_private else None

    def api(self) -> dict[str, Any]:
        """As ``conversations.info`` shows it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "created": self.created,
            "is_im": self.is_im,
            "is_archived": self.is_archived,
            "is_private": self.is_private,
            "context_team_id": seed.TEAM,
        }
        if self.is_im:
            return shown | {"user": next(user for user in self.members if user != seed.BOT_USER)}
        return shown | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_mpim": False,
            "is_general": self.name == "general",
            "is_shared": False,
            "is_ext_shared": False,
            "is_member": self.is_member,
            "num_members": len(self.members),
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }

    def client(self) -> dict[str, Any]:
        """As ``/client/state`` shows it."""
        names = ("id", "name", "is_member", "is_private", "is_im", "is_archived", "topic")
        return {name: getattr(self, name) for name in names}


class Workspace:
    """All of it; ``tell`` hears of every change that people see."""

    def __init__(self, clock: Clock, tell: Tell) -> None:
        self.clock = clock
        self._tell = tell
        self._numbers = itertools.count(1)
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
        message.edited = {"user": editor, "ts": f"{self.clock.now():.6f}"}
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
        audience = channel.audience if message.only_for is None else frozenset((message.only_for,))
        payload = {"channel": channel.id, "deleted_ts": message.ts, "message": message.client(self.users)}
        self._tell("message_deleted", payload, audience)
        parent = channel.messages.get(message.thread_ts or "")
        if parent is not None:
            parent.replies = [reply for reply in parent.replies if reply[0] != message.ts]
            self.changed(parent)

    def timeline(self, channel: Channel) -> Iterator[Message]:
        """What the channel itself shows to everybody, oldest first."""
        return (one for one in channel.messages.values() if one.only_for is None and not one.in_thread_only)

    def _event(self, message: Message) -> dict[str, Any]:
        return {"channel": message.channel, "message": message.client(self.users)}


def direct_id(user: str) -> str:
    """The id of the bot's direct conversation with somebody."""
    return "D0" + user.removeprefix("U0")
