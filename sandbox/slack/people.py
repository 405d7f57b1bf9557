"""What people do in Slack's client, and what the app is told of it."""

from __future__ import annotations

import time
from typing import Any

from sandbox.slack import seed
from sandbox.slack.channel import Channel
from sandbox.slack.delivery import Delivery
from sandbox.slack.errors import DeliveryError, SlackError
from sandbox.slack.interactions import Interactions
from sandbox.slack.message import Message
from sandbox.slack.responses import Responses, answer_of
from sandbox.slack.state import entered, find, state_of
from sandbox.slack.workspace import Tell, Workspace


class People:
    """Commands and presses; ``url`` is the server's own."""

    def __init__(
        self,
        workspace: Workspace,
        interactions: Interactions,
        delivery: Delivery,
        responses: Responses,
        commands: list[dict[str, Any]],
        tell: Tell,
        url: str,
    ) -> None:
        self._workspace = workspace
        self._interactions = interactions
        self._delivery = delivery
        self._responses = responses
        self._commands = {str(command["command"]) for command in commands}
        self._tell = tell
        self._url = url

    def user(self, user: Any) -> dict[str, Any]:
        """A person. Raises SlackError user_not_found."""
        found = self._workspace.users.get(str(user))
        if found is None:
            raise SlackError("user_not_found")
        return found

    async def command(self, user: str, channel_name: str, text: str) -> dict[str, Any]:
        """Type a slash command; returns the acknowledgement and how long it took in milliseconds.

        Raises SlackError unknown_command, DeliveryError when the app did not answer; the person is then told.
        """
        person, channel = self.user(user), self._workspace.channel(channel_name)
        word, rest = [*text.strip().split(maxsplit=1), "", ""][:2]
        if word not in self._commands:
            raise SlackError("unknown_command", detail=f"{word} is not a valid command.")
        payload = {
            "token": "legacy",
            "team_id": person["team_id"],
            "team_domain": seed.ENTERPRISE_DOMAIN,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.is_im else channel.name,
            "user_id": user,
            "user_name": person["name"],
            "command": word,
            "text": rest,
            "api_app_id": seed.APP,
            "is_enterprise_install": "false",
            "response_url": self._url + self._interactions.response_url(user, channel.id),
            "trigger_id": self._interactions.trigger(user),
        }
        started = time.perf_counter()
        try:
            acknowledged = await self._delivery.deliver("slash_commands", payload)
            took = (time.perf_counter() - started) * 1000
            self._answer(acknowledged, channel, user)
        except DeliveryError as error:
            self.notice(user, f"{word} failed with the error {error.word}", channel.id)
            raise
        return {"ack": acknowledged, "ms": round(took, 3)}

    def _answer(self, acknowledged: Any, channel: Channel, user: str) -> None:
        answer = answer_of(acknowledged)
        if answer is None:
            return
        try:
            self._workspace.add(channel, self._responses.written(answer, channel.id, user))
        except SlackError as error:
            raise DeliveryError("invalid_command_response", error.word) from error

    def notice(self, user: str, text: str, channel: str, thread_ts: str | None = None) -> None:
        """Show a sentence of Slack's own to one person."""
        payload = {"channel": channel, "text": text, "thread_ts": thread_ts}
        self._tell("notice", payload, frozenset((user,)))

    async def press(self, user: str, channel_name: str, ts: str, action: dict[str, Any]) -> None:
        """Press a button or pick an option of a message; ``action`` has action_id, and block_id and value if any.

        Raises SlackError message_not_found, action_not_found or invalid_value; DeliveryError when the app did not
        answer.
        """
        person, channel = self.user(user), self._workspace.channel(channel_name)
        message = channel.messages.get(ts)
        if message is None or message.only_for not in (None, user):
            raise SlackError("message_not_found")
        block, element = find(_blocks(message), str(action.get("action_id")), action.get("block_id"))
        state = state_of(_blocks(message), {block["block_id"]: {element["action_id"]: action.get("value")}})
        ephemeral = message.only_for is not None
        container = {
            "type": "message",
            "message_ts": ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload = {
            **interaction("block_actions", person, self._interactions.trigger(user)),
            "container": container,
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            "state": state,
            "response_url": self._url + self._interactions.response_url(user, channel.id, message),
            "actions": [self.pressed(block, element, action.get("value"))],
        }
        if not ephemeral:
            payload["message"] = message.api(metadata=True)
        try:
            await self._delivery.deliver("interactive", payload)
        except DeliveryError as error:
            text = f"That did not work: the app answered with the error {error.word}"
            self.notice(user, text, channel.id, message.thread_ts)
            raise

    def pressed(self, block: dict[str, Any], element: dict[str, Any], value: Any) -> dict[str, Any]:
        """An entry of ``actions``."""
        if element["type"] == "button" and value not in (None, "", element.get("value")):
            raise SlackError("invalid_value")
        return {
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            **entered(element, value),
            "action_ts": f"{time.time():.6f}",
        }


def interaction(kind: str, person: dict[str, Any], trigger_id: str) -> dict[str, Any]:
    """What every interactive payload has."""
    return {
        "type": kind,
        "user": {
            "id": person["id"],
            "username": person["name"],
            "name": person["name"],
            "team_id": person["team_id"],
        },
        "api_app_id": seed.APP,
        "token": "legacy",
        "trigger_id": trigger_id,
        "team": {"id": seed.TEAM, "domain": seed.ENTERPRISE_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _blocks(message: Message) -> list[Any]:
    """The message's own and those of its attachments."""
    held = [block for one in message.attachments for block in one.get("blocks") or []]
    return [*message.blocks, *held]
