"""The people, groups and channels that every sandbox starts with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEAM = "T0SANDBOX"
OTHER_TEAM = "T0ELSEWHERE"
ENTERPRISE_DOMAIN = "sandbox"
APP = "A0RUNBOOK"
BOT_USER = "U0RUNBOOK"
BOT = "B0RUNBOOK"
BOT_NAME = "runbook-bot"

RESERVED_COMMANDS = frozenset(
    "/" + word
    for word in [
        "activity",
        "all",
        "apps",
        "archive",
        "away",
        "call",
        "canvas",
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
        "kick",
        "leave",
        "list",
        "me",
        "msg",
        "mute",
        "open",
        "pref",
        "prefs",
        "remind",
        "rename",
        "remove",
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
    ]
)
"""Slack's own; a manifest that uses one is refused whole."""

DEFAULT_COMMANDS: tuple[dict[str, str], ...] = (
    {"command": "/services", "description": "What runs where", "usage_hint": "[service] [environment]"},
    {
        "command": "/logs",
        "description": "What a service is saying",
        "usage_hint": "<service> <environment> [words]",
    },
    {"command": "/metrics", "description": "How a service is doing", "usage_hint": "<service> <environment> [signals]"},
    {"command": "/health", "description": "How systems do, at a glance", "usage_hint": "[system] [environment]"},
    {"command": "/deploy", "description": "Deploy a version", "usage_hint": "<service> <environment> <version>"},
    {"command": "/rollback", "description": "Go back to a version that was good", "usage_hint": "<service> ..."},
    {"command": "/scale", "description": "Change how many tasks run", "usage_hint": "<service> <environment> <count>"},
    {"command": "/restart", "description": "Replace the running tasks", "usage_hint": "<service> <environment>"},
    {"command": "/cancel", "description": "Stop what is under way", "usage_hint": "<service> <environment>"},
    {"command": "/operations", "description": "What is under way, and what was", "usage_hint": "[service]"},
    {"command": "/alarms", "description": "What is in alarm now", "usage_hint": "[system]"},
    {"command": "/explain", "description": "What an alarm means, and what to do", "usage_hint": "[alarm]"},
    {"command": "/silence", "description": "Silence an alarm", "usage_hint": "<alarm or service> <duration> <reason>"},
    {"command": "/unsilence", "description": "End a silence", "usage_hint": "<alarm or service>"},
    {"command": "/freeze", "description": "Let nothing be shipped", "usage_hint": "<where> <until> <reason>"},
    {"command": "/unfreeze", "description": "Lift a freeze", "usage_hint": "<where>"},
    {"command": "/ops", "description": "Everything the bot does", "usage_hint": "<command> ..."},
)


def commands(names: Mapping[str, str]) -> list[dict[str, str]]:
    """The commands as registered with Slack under other names: {"deploy": "/ship"}, by what they are called here."""
    described = {command["command"].removeprefix("/"): command for command in DEFAULT_COMMANDS}
    plain = {"description": "A command of the bot's", "usage_hint": ""}
    return [described.get(name, plain) | {"command": registered} for name, registered in names.items()]


SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "usergroups:read",
    "users:read",
    "metadata.message:read",
)
"""What the app was granted, unless the server is told otherwise."""

EVENTS = (
    "app_home_opened",
    "app_mention",
    "file_shared",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "pin_added",
    "pin_removed",
    "reaction_added",
    "reaction_removed",
)
"""What the app subscribes to (``bot_events`` of a manifest), unless the server is told otherwise."""

_CHANNELS = (
    ("general", "Everybody"),
    ("alerts", "What belongs nowhere else"),
    ("ops", "Running things"),
    ("bi-platform", "BI platform"),
    ("usage-metrics", "Usage metrics"),
    ("image-caption", "Image caption"),
    ("rapid-photo", "Rapid photo"),
    ("arbor-energy", "Arbor energy"),
)


def users() -> dict[str, dict[str, Any]]:
    """Everybody by id, as ``users.info`` shows them."""
    people = (
        _user("U0ALICE", "alice", "Alice Novak", "2b7a4b", is_admin=True),
        _user("U0BOB", "bob", "Bob Ito", "1264a3"),
        _user("U0CAROL", "carol", "Carol Mensah", "b3541e"),
        _user("U0DAVE", "dave", "Dave Lindqvist", "8d3b72"),
        _user("U0STRANGER", "eve", "Eve Marlow", "6b6b1f", team_id=OTHER_TEAM, is_stranger=True),
        _user("U0GUEST", "gus", "Gus Pereira", "3b5b8d", is_restricted=True),
        _user(BOT_USER, BOT_NAME, "Runbook Bot", "4a154b", is_bot=True),
    )
    return {user["id"]: user for user in people}


def _user(user_id: str, name: str, real_name: str, color: str, **more: Any) -> dict[str, Any]:
    profile: dict[str, Any] = {"display_name": name, "real_name": real_name}
    if more.get("is_bot"):
        profile |= {"api_app_id": APP, "bot_id": BOT}
    user: dict[str, Any] = {
        "id": user_id,
        "team_id": TEAM,
        "name": name,
        "real_name": real_name,
        "color": color,
        "deleted": False,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "is_stranger": False,
        "tz": "Europe/Prague",
        "profile": profile,
    }
    return user | more


def usergroups() -> dict[str, dict[str, Any]]:
    """User groups by id, with their members."""
    return {
        "S0ONCALL": {"id": "S0ONCALL", "handle": "oncall", "name": "On call", "users": ["U0ALICE", "U0BOB"]},
        "S0ADMINS": {"id": "S0ADMINS", "handle": "sre-admins", "name": "SRE admins", "users": ["U0ALICE", "U0CAROL"]},
    }


def channels() -> list[tuple[str, str, str]]:
    """Channels as (id, name, topic)."""
    return [(channel_id(name), name, topic) for name, topic in _CHANNELS]


def channel_id(name: str) -> str:
    """The id of the channel with that name: "#bi-platform" is C0BIPLATFORM."""
    return "C0" + "".join(letter for letter in name.upper() if letter.isascii() and letter.isalnum())
