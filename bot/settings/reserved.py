"""Slash commands which Slack keeps for itself.

A manifest that registers one of them is rejected as a whole, so nothing of ours may ever carry such a name.
Slack publishes no list. This one has what its shortcuts and command menu show, its built-ins of earlier years that stay
blocked, and what developers report as refused: a name too many costs somebody a choice, one too few the whole manifest.
"""

from __future__ import annotations

RESERVED_COMMANDS: frozenset[str] = frozenset(
    {
        "active",
        "activity",
        "all",
        "apps",
        "archive",
        "away",
        "call",
        "canvas",
        "close",
        "collapse",
        "dm",
        "dnd",
        "expand",
        "feed",
        "feedback",
        "giphy",
        "help",
        "huddle",
        "invite",
        "invite_people",
        "join",
        "keys",
        "kick",
        "leave",
        "list",
        "me",
        "msg",
        "mute",
        "mute_channel",
        "open",
        "part",
        "people",
        "pref",
        "prefs",
        "remind",
        "remove",
        "rename",
        "search",
        "send",
        "shortcuts",
        "shrug",
        "star",
        "status",
        "swap",
        "todo",
        "topic",
        "unarchive",
        "unfurl",
        "unmute",
        "who",
        "workflow",
    }
)
"""Names without the slash."""
