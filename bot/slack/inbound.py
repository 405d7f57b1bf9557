"""Bolt: what people type and press comes in here, is stored, and is acknowledged at once.

Listeners never wait for Slack or AWS, so they run before the response (``process_before_response``): Bolt's
threaded runner would sleep in 10 ms steps until the acknowledgement.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Protocol

from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.domain import Actor
from bot.ports import Message
from bot.views.operation import sentence

log = logging.getLogger("bot.slack")


class Desk(Protocol):
    """Takes in what people do; a message is shown to that person at once."""

    def receive(self, slash: str, text: str, actor: Actor, *, response_url: str = "", key: str = "") -> Message | None:
        """A slash command was typed."""
        ...

    def press(self, action_id: str, value: str, actor: Actor, *, key: str, response_url: str = "") -> None:
        """A button was pressed; what cannot be done is told later."""
        ...


NOT_STORED = sentence("I could not store this, so nothing will happen.", "Try again in a moment.")


def _say(ack: Ack, message: Message | None) -> None:
    if message is None:
        ack()
    else:
        ack(text=message.text, blocks=list(message.blocks), response_type="ephemeral")


def bolt_app(client: WebClient, signing_secret: str, desk: Desk) -> App:
    """The Bolt app with all its listeners."""
    token = client.token

    def authorize() -> AuthorizeResult:
        """One workspace, one token; asking Slack who we are would hold up the first acknowledgement."""
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token)

    app = App(
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        process_before_response=True,
        token_verification_enabled=False,
        raise_error_for_unhandled_request=False,
    )

    @app.command(re.compile(".*"))
    def typed(ack: Ack, body: dict[str, Any]) -> None:
        actor = Actor(user=body["user_id"], team=body.get("team_id", ""), channel=body["channel_id"])
        try:
            said = desk.receive(
                str(body["command"]).lstrip("/"),
                str(body.get("text") or ""),
                actor,
                response_url=str(body.get("response_url") or ""),
                key=str(body.get("trigger_id") or ""),
            )
        except Exception:
            log.exception("a command could not be stored")
            said = NOT_STORED
        _say(ack, said)

    @app.action(re.compile(".*"))
    def pressed(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        channel = body.get("channel", {}).get("id", "") or body.get("container", {}).get("channel_id", "")
        actor = Actor(user=body["user"]["id"], team=(body.get("team") or {}).get("id", ""), channel=channel)
        desk.press(
            str(action.get("action_id", "")),
            str(action.get("value", "")),
            actor,
            key=f"{actor.user}:{action.get('action_ts', '')}",
            response_url=str(body.get("response_url") or ""),
        )
        ack()

    @app.event(re.compile(".*"))
    def happened(ack: Ack) -> None:
        ack()

    return app
