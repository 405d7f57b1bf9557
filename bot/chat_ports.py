"""Doors to Slack besides posting, which ``bot.ports.Chat`` has too: one message, a group, the app's home tab.

Errors are as in ``bot.ports``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class SharedFile:
    """A file that hangs on a message: its name, and where it is looked at."""

    name: str
    link: str


@dataclass(frozen=True)
class Said:
    """One message as it stands in Slack now. ``thread_ts`` is the first of its thread, or itself.

    ``text`` is Slack's markup. ``reactions`` are users by the emoji's name, ``pinned_by`` whoever pinned it to its
    channel, if anybody.
    """

    ts: str
    thread_ts: str
    user: str
    text: str
    files: tuple[SharedFile, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pinned_by: str = ""


class Reading(Protocol):
    """What can be read of a workspace."""

    def message(self, channel: str, ts: str) -> Said | None:
        """The message, be it a reply in a thread or not; None when it is gone (conversations.replies)."""
        ...

    def group_members(self, group: str) -> tuple[str, ...]:
        """The users of a user group (S...); empty for one that is not known. Cached for minutes."""
        ...


class Homes(Protocol):
    """The home tab of the app, which everybody has their own of."""

    def publish_home(self, user: str, view: Mapping[str, Any], *, seen: str = "") -> str:
        """Show a view in somebody's home tab (views.publish); the hash of what is shown then.

        With ``seen``, the hash of what the caller believes to be there, nothing newer is overwritten: ConflictError.
        """
        ...
