"""Shortcuts in a message's menu: https://docs.slack.dev/interactivity/implementing-shortcuts"""

from __future__ import annotations

import time

from sandbox.slack.delivery import Delivery
from sandbox.slack.errors import DeliveryError, SlackError
from sandbox.slack.installation import Installation
from sandbox.slack.interactions import Interactions
from sandbox.slack.people import People, interaction
from sandbox.slack.workspace import Workspace


class Shortcuts:
    """Those of the app's manifest; ``url`` is the server's own."""

    def __init__(
        self,
        workspace: Workspace,
        people: People,
        interactions: Interactions,
        delivery: Delivery,
        installation: Installation,
        url: str,
    ) -> None:
        self._workspace = workspace
        self._people = people
        self._interactions = interactions
        self._delivery = delivery
        self._installation = installation
        self._url = url

    async def use(self, user: str, channel_name: str, ts: str, callback_id: str) -> None:
        """Pick a shortcut in a message's menu.

        Raises SlackError unknown_shortcut or message_not_found; DeliveryError when the app did not answer, of which the
        person is then told.
        """
        person, channel = self._people.user(user), self._workspace.channel(channel_name)
        message = self._workspace.message(channel, ts)
        offered = [one for one in self._installation.shortcuts if one.get("type") == "message"]
        if callback_id not in {one.get("callback_id") for one in offered}:
            raise SlackError("unknown_shortcut", detail=f"There is no shortcut {callback_id}.")
        payload = interaction("message_action", person, self._interactions.trigger(user)) | {
            "callback_id": callback_id,
            "action_ts": f"{time.time():.6f}",
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            "message_ts": message.ts,
            "message": message.api(metadata=True),
            "response_url": self._url + self._interactions.response_url(user, channel.id),
        }
        try:
            await self._delivery.deliver("interactive", payload)
        except DeliveryError as error:
            text = f"That did not work: the app answered with the error {error.word}"
            self._people.notice(user, text, channel.id, message.thread_ts)
            raise
