"""Slash commands which Slack keeps for itself.

A manifest that registers one of them is rejected as a whole, so nothing of ours may ever carry such a name.
The list is that of Slack's own shortcuts and command menu, with built-ins of earlier years that stay blocked.
"""

from __future__ import annotations

RESERVED_COMMANDS: frozenset[str] = frozenset(
    {
        "active",
        "apps",
        "archive",
        "away",
        "call",
        "close",
        "collapse",
        "dm",
        "dnd",
        "expand",
        "feed",
        "feedback",
        "help",
        "huddle",
        "invite",
        "invite_people",
        "join",
        "keys",
        "kick",
        "leave",
        "me",
        "msg",
        "mute",
        "mute_channel",
        "open",
        "part",
        "people",
        "prefs",
        "remind",
        "remove",
        "rename",
        "search",
        "shortcuts",
        "shrug",
        "star",
        "status",
        "topic",
        "who",
    }
)
"""Names without the slash."""
