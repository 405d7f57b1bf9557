"""What the app's manifest asks for, and thereby what Slack lets it do and tells it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sandbox.slack import seed

EVENT_SCOPES: dict[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "file_shared": ("files:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "pin_added": ("pins:read",),
    "pin_removed": ("pins:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
}
"""By subscription, one of them is enough: https://docs.slack.dev/reference/events"""


class Installation:
    """The app as it is installed in the workspace. Changed and read by the server's thread, before it starts by any.

    ``shortcuts`` are as in a manifest: {"name", "type", "callback_id", "description"}.
    """

    def __init__(
        self,
        scopes: Collection[str] = seed.SCOPES,
        events: Collection[str] = seed.EVENTS,
        shortcuts: Sequence[Mapping[str, Any]] = (),
        *,
        home_tab: bool = True,
    ) -> None:
        self.scopes = tuple(scopes)
        self.events = frozenset(events)
        self.shortcuts = [dict(one) for one in shortcuts]
        self.home_tab = home_tab

    def obey(self, manifest: Mapping[str, Any]) -> None:
        """Be installed anew with an app manifest: https://docs.slack.dev/reference/app-manifest"""
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        self.scopes = tuple(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ()))
        self.events = frozenset(settings.get("event_subscriptions", {}).get("bot_events", ()))
        self.shortcuts = [dict(one) for one in features.get("shortcuts", ())]
        self.home_tab = bool(features.get("app_home", {}).get("home_tab_enabled", False))

    def may(self, needed: Collection[str]) -> bool:
        """Whether it has one of these scopes; nothing needed is always given."""
        return not needed or not set(needed).isdisjoint(self.scopes)

    def hears(self, subscription: str) -> bool:
        """Whether it is told of such events: it subscribed to them, and was granted what they show."""
        return subscription in self.events and self.may(EVENT_SCOPES[subscription])
