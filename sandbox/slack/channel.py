"""A place where things are said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack import seed
from sandbox.slack.message import Message


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
