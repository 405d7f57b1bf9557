"""One message, as the Web API, events and the page show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack import seed
from sandbox.slack.files import File
from sandbox.slack.pings import pings


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
    files: list[File] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    replies: list[tuple[str, str]] = field(default_factory=list)
    edited: dict[str, str] | None = None
    only_for: str | None = None
    from_app: bool = False
    username: str | None = None
    link_names: bool = False
    pinned: dict[str, Any] | None = None
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
        for name in ("username", "blocks", "attachments", "edited", "thread_ts"):
            if getattr(self, name):
                shown[name] = getattr(self, name)
        if self.files:
            shown |= {"files": [file.api() for file in self.files], "upload": False}
        if self.replies:
            users = list(dict.fromkeys(user for _, user in self.replies))
            shown |= {"thread_ts": self.ts, "reply_count": len(self.replies), "reply_users": users}
            shown |= {"reply_users_count": len(users), "latest_reply": self.replies[-1][0]}
        if self.reactions:
            shown["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        if self.pinned:
            shown |= {"pinned_to": [self.channel], "pinned_info": self.pinned}
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
            "files": [file.client() for file in self.files],
            "pings": pings(self.text, self.blocks, self.attachments, link_names=self.link_names),
        }
        return shown
