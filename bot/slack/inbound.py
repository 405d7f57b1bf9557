"""Bolt: what people type and press comes in here, is stored, and is acknowledged at once.

Listeners never wait for Slack or AWS, so they run before the response (``process_before_response``): Bolt's
threaded runner would sleep in 10 ms steps until the acknowledgement.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Protocol

from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.domain import Actor
from bot.ports import Message
from bot.views.forms import errors
from bot.views.operation import sentence

log = logging.getLogger("bot.slack")


class Desk(Protocol):
    """Takes in what people do; a message is shown to that person at once."""

    def receive(
        self, slash: str, text: str, actor: Actor, *, response_url: str = "", key: str = "", trigger_id: str = ""
    ) -> Message | None:
        """A slash command was typed; for three seconds ``trigger_id`` opens a modal."""
        ...

    def press(
        self,
        action_id: str,
        value: str,
        actor: Actor,
        *,
        key: str,
        response_url: str = "",
        trigger_id: str = "",
        ts: str = "",
        thread_ts: str = "",
    ) -> None:
        """A button of a message was pressed or something picked; what cannot be done is told later.

        ``ts`` is the message; in the app's home tab there is none, and the actor's channel is the user. ``thread_ts``
        is the first message of the thread in which it is a reply.
        """
        ...

    def mentioned(self, text: str, bot: str, actor: Actor, *, thread_ts: str, key: str, at: float = 0.0) -> None:
        """Somebody mentioned the bot; ``bot`` is its own user id where Slack says so, ``text`` is Slack's markup.

        ``at`` is when they wrote it, since Slack may tell of it minutes later.
        """
        ...

    def picked(
        self, shortcut: str, message: Mapping[str, Any], actor: Actor, *, key: str, response_url: str = ""
    ) -> None:
        """A shortcut was picked in a message's menu; ``message`` is the whole of it, as Slack has it."""
        ...

    def view_submitted(self, shown: Mapping[str, Any], actor: Actor) -> dict[str, str] | None:
        """A modal was submitted; None closes it, sentences by block id are shown in it."""
        ...

    def view_acted(self, shown: Mapping[str, Any], actor: Actor, *, key: str) -> None:
        """Something was chosen in a modal."""
        ...

    def view_closed(self, shown: Mapping[str, Any]) -> None:
        """A modal was closed without being submitted."""
        ...

    def marked(self, channel: str, ts: str, *, key: str) -> None:
        """Somebody put a 📌 on a message, or pinned it to its channel."""
        ...

    def changed(self, channel: str, ts: str, *, key: str, deleted: bool = False) -> None:
        """A message was edited or deleted, or such a mark taken away."""
        ...

    def home_opened(self, user: str, *, seen: str, key: str) -> None:
        """Somebody looks at the app's home tab; ``seen`` is the hash of what is shown there, if anything is."""
        ...


HOME = "home"
"""The type of the view in the app's home tab, and the name of that tab."""
PUSHPIN = "pushpin"
"""The emoji that puts a message into an incident's record."""
NOT_STORED = sentence("I could not store this, so nothing will happen.", "Try again in a moment.")


def _say(ack: Ack, message: Message | None) -> None:
    if message is None:
        ack()
    else:
        ack(text=message.text, blocks=list(message.blocks), response_type="ephemeral")


def _actor(body: dict[str, Any]) -> Actor:
    channel = (body.get("channel") or {}).get("id", "") or (body.get("container") or {}).get("channel_id", "")
    if (body.get("view") or {}).get("type") == HOME:
        channel = body["user"]["id"]
    return Actor(user=body["user"]["id"], team=(body.get("team") or {}).get("id", ""), channel=channel)


def _value(action: dict[str, Any]) -> str:
    """What a button carries, what was picked, or what is ticked.

    Checkboxes carry nothing by themselves, least of all when the last tick is taken away, so the end of their block's
    id goes before the values: ``operation:tick:<operation>`` gives ``<operation>:0,2``.
    """
    if action.get("type") == "checkboxes":
        ticked = ",".join(str(option["value"]) for option in action.get("selected_options") or ())
        return f"{str(action.get('block_id', '')).rsplit(':', 1)[-1]}:{ticked}"
    option = action.get("selected_option") or {}
    return str(option.get("value") or action.get("value") or "")


def _in_modal(body: Mapping[str, Any]) -> bool:
    return bool(body.get("view")) and body["view"].get("type") != HOME


def _place(body: Mapping[str, Any]) -> dict[str, str]:
    """The message that was pressed, and the thread in which it is a reply.

    Of a message that one person sees there is only the container, which has a ``thread_ts`` too
    (https://github.com/slackapi/java-slack-sdk/issues/1200).
    """
    message, container = body.get("message") or {}, body.get("container") or {}
    ts = str(container.get("message_ts") or message.get("ts") or "")
    thread_ts = str(container.get("thread_ts") or message.get("thread_ts") or "")
    return {"ts": ts, "thread_ts": thread_ts if thread_ts != ts else ""}


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
                trigger_id=str(body.get("trigger_id") or ""),
            )
        except Exception:
            log.exception("a command could not be stored")
            said = NOT_STORED
        _say(ack, said)

    @app.action(re.compile(".*"))
    def pressed(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        actor = _actor(body)
        key = f"{actor.user}:{action.get('action_ts', '')}"
        if _in_modal(body):
            desk.view_acted(body["view"], actor, key=key)
        else:
            desk.press(
                str(action.get("action_id", "")),
                _value(action),
                actor,
                key=key,
                response_url=str(body.get("response_url") or ""),
                trigger_id=str(body.get("trigger_id") or ""),
                **_place(body),
            )
        ack()

    @app.shortcut(re.compile(".*"))
    def picked(ack: Ack, body: dict[str, Any]) -> None:
        if body.get("type") == "message_action":
            actor = _actor(body)
            key = f"{actor.user}:{body.get('action_ts', '')}"
            url = str(body.get("response_url") or "")
            desk.picked(str(body.get("callback_id", "")), body.get("message") or {}, actor, key=key, response_url=url)
        ack()

    _hear_of_modals(app, desk)
    _hear_of_marks(app, desk)
    _hear_of_events(app, desk)
    return app


def _hear_of_events(app: App, desk: Desk) -> None:
    @app.event("app_mention")
    def mentioned(ack: Ack, body: dict[str, Any], event: dict[str, Any]) -> None:
        if not event.get("bot_id") and event.get("user"):
            owners = body.get("authorizations") or [{}]
            actor = Actor(user=event["user"], team=str(body.get("team_id") or ""), channel=str(event["channel"]))
            desk.mentioned(
                str(event.get("text") or ""),
                str(owners[0].get("user_id") or ""),
                actor,
                thread_ts=str(event.get("thread_ts") or ""),
                key=str(body.get("event_id") or event.get("ts")),
                at=float(event.get("ts") or 0.0),
            )
        ack()

    @app.event(re.compile(".*"))
    def happened(ack: Ack) -> None:
        ack()


def _hear_of_marks(app: App, desk: Desk) -> None:
    """What becomes of messages. Slack tells of each within some seconds, in any order, and now and then twice."""

    @app.event(re.compile("reaction_(added|removed)"))
    def reacted(ack: Ack, body: dict[str, Any], event: dict[str, Any]) -> None:
        item = event.get("item") or {}
        if event.get("reaction") == PUSHPIN and item.get("type") == "message":
            tell = desk.marked if event["type"] == "reaction_added" else desk.changed
            tell(str(item["channel"]), str(item["ts"]), key=_event(body))
        ack()

    @app.event(re.compile("pin_(added|removed)"))
    def pinned(ack: Ack, body: dict[str, Any], event: dict[str, Any]) -> None:
        item = event.get("item") or {}
        if item.get("type") == "message":
            tell = desk.marked if event["type"] == "pin_added" else desk.changed
            tell(str(event.get("channel_id") or item.get("channel")), str(item["message"]["ts"]), key=_event(body))
        ack()

    @app.event({"type": "message", "subtype": "message_changed"})
    def edited(ack: Ack, body: dict[str, Any], event: dict[str, Any]) -> None:
        desk.changed(str(event["channel"]), str(event["message"]["ts"]), key=_event(body))
        ack()

    @app.event({"type": "message", "subtype": "message_deleted"})
    def deleted(ack: Ack, body: dict[str, Any], event: dict[str, Any]) -> None:
        desk.changed(str(event["channel"]), str(event["deleted_ts"]), key=_event(body), deleted=True)
        ack()

    @app.event("app_home_opened")
    def looked(ack: Ack, body: dict[str, Any], event: dict[str, Any]) -> None:
        if event.get("tab", HOME) == HOME:
            seen = str((event.get("view") or {}).get("hash") or "")
            desk.home_opened(str(event["user"]), seen=seen, key=_event(body))
        ack()


def _event(body: Mapping[str, Any]) -> str:
    """What makes an event that Slack tells twice one."""
    return str(body.get("event_id") or "")


def _hear_of_modals(app: App, desk: Desk) -> None:
    @app.view_submission(re.compile(".*"))
    def submitted(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        try:
            wrong = desk.view_submitted(view, _actor(body))
        except Exception:
            log.exception("a form could not be stored")
            wrong = errors(view, {"": NOT_STORED.text})
        if wrong:
            ack(response_action="errors", errors=wrong)
        else:
            ack()

    @app.view_closed(re.compile(".*"))
    def closed(ack: Ack, view: dict[str, Any]) -> None:
        desk.view_closed(view)
        ack()
