"""/client/*: all that a person does and sees, as JSON for the page, tests and scripts.

Every answer has ``ok``; one that is not has ``error``, a word, and ``detail``, a sentence. Channels go by id or #name.

- POST command {user, channel, text}: ``ack`` is what the app answered, ``ms`` how long it took
- POST message {user, channel, text, thread_ts?}: ``ts``; "<@U0RUNBOOK> ack" in the text mentions the app
- POST file {user, channel, thread_ts?, name, content (base64), title?, text?}: ``ts`` and ``file``
- POST edit {user, channel, ts, text} and delete {user, channel, ts}: one's own message
- POST reaction {user, channel, ts, name, remove?} and pin {user, channel, ts, remove?}
- POST shortcut {user, channel, ts, callback_id}: one of ``shortcuts`` of the state, in a message's menu
- POST home {user, tab?: home|messages}: open the app's page; ``view`` is what was published before, or null
- POST action {user, channel, ts, action_id, block_id?, value?}: press a button, pick an option
- POST view {user, view_id, action: submit|close|block_action, values?, action_id?, block_id?, value?}; ``values`` is
  {block_id: {action_id: value}}
- POST fault {target: slack|aws|pagerduty, operation, error, count?, seconds?, latency_ms?}; the error "clear" ends all
  of a target's. For Slack, "disconnect", "warning" and "refresh_requested" with the operation "*" or "socket" befall
  the open sockets at once; "drop_ack" and latency_ms befall deliveries (operation "slash_commands", "interactive",
  "events_api"; "drop_ack" also "*"); the rest befalls calls of the Web API: "ratelimited", "timeout", "disconnect",
  "lost_response", a status such as "503", or the word to answer. For PagerDuty the operation "webhook" befalls its
  webhooks: "twice", "lost_response", "timeout", or a status. For AWS, CloudWatch Logs acts out some words of its own:
  "quota" (logs:FilterLogEvents, logs:GetLogEvents, logs:GetQueryResults: as many calls a second as AWS allows),
  "empty_page" (logs:FilterLogEvents), "query_timeout" and "query_failed" (logs:StartQuery), "export_failed"
  (logs:CreateExportTask)
- POST channel {channel, is_private?, is_archived?, is_member?}: make or change one
- POST verify {}: whether the request URL answers Slack's challenge
- GET fault: ``faults``, those that are set now, with what is left of their count and seconds
- GET messages?channel=&user=&thread_ts=, calls?target=&operation=, views?user=, state
- GET stream?user=: server-sent events message, message_changed, message_deleted, ephemeral, view, home, notice, state
"""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Route

from sandbox.calls import Calls
from sandbox.faults import Faults
from sandbox.pagerduty_webhooks import FAULT_TARGET as WEBHOOK_FAULTS
from sandbox.slack import seed
from sandbox.slack.client_answers import Act, Body, got, posted, text
from sandbox.slack.client_people import ClientPeople
from sandbox.slack.delivery import FAULT_TARGET, KINDS, Delivery
from sandbox.slack.errors import SlackError
from sandbox.slack.events import Events
from sandbox.slack.installation import Installation
from sandbox.slack.sockets import Sockets
from sandbox.slack.stream import Stream
from sandbox.slack.views import Views
from sandbox.slack.workspace import Workspace

_APART = {"slack": (FAULT_TARGET,), "pagerduty": (WEBHOOK_FAULTS,)}
_SOCKET_FAULTS = ("disconnect", "warning", "refresh_requested")


class Client:
    """The endpoints; every answer has ``ok``."""

    def __init__(
        self,
        workspace: Workspace,
        people: ClientPeople,
        views: Views,
        delivery: Delivery,
        sockets: Sockets,
        faults: Faults,
        calls: Calls,
        stream: Stream,
        commands: list[dict[str, Any]],
        installation: Installation,
        events: Events,
    ) -> None:
        self._workspace = workspace
        self._people = people
        self._views = views
        self._delivery = delivery
        self._sockets = sockets
        self._faults = faults
        self._calls = calls
        self._stream = stream
        self._commands = commands
        self._installation = installation
        self._events = events

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        acts: dict[str, Act] = {
            **self._people.acts(),
            "fault": self._fault,
            "channel": self._channel,
            "verify": self._verify,
        }
        reads = {
            "messages": self._messages,
            "calls": self._list_calls,
            "views": self._list_views,
            "fault": self._list_faults,
        }
        return [
            *(Route(f"/client/{name}", posted(act), methods=["POST"]) for name, act in acts.items()),
            *(Route(f"/client/{name}", got(read), methods=["GET"]) for name, read in reads.items()),
            Route("/client/state", got(self._state), methods=["GET"]),
            Route("/client/stream", self._stream.serve, methods=["GET"]),
        ]

    async def _fault(self, body: Body) -> Body:
        target, operation = text(body, "target"), text(body, "operation") or "*"
        error = body.get("error")
        if target not in ("slack", "aws", "pagerduty", "github"):
            raise SlackError("invalid_target", detail="target is slack, aws, pagerduty or github.")
        if error == "clear":
            for one in (target, *_APART.get(target, ())):
                self._faults.clear(one)
            return {}
        if target == "slack" and operation in ("*", "socket") and error in _SOCKET_FAULTS:
            await (self._sockets.drop() if error == "disconnect" else self._sockets.announce(str(error)))
            return {"sockets": self._sockets.count}
        try:
            count, seconds, latency = body.get("count"), body.get("seconds"), float(body.get("latency_ms") or 0)
            if target == "slack" and (error == "drop_ack" or operation in KINDS):
                target = FAULT_TARGET
            elif target == "pagerduty" and operation == "webhook":
                target = WEBHOOK_FAULTS
            self._faults.add(
                target,
                operation,
                None if error is None else str(error),
                None if count is None else int(count),
                None if seconds is None else float(seconds),
                latency,
            )
        except (TypeError, ValueError) as wrong:
            raise SlackError("invalid_arguments", detail=f"{wrong}.") from wrong
        return {}

    async def _channel(self, body: Body) -> Body:
        """Make a channel, archive it, invite the bot into it or remove the bot from it."""
        name = text(body, "channel").removeprefix("#")
        try:
            channel = self._workspace.channel(name)
        except SlackError:
            channel = self._workspace.add_channel(name, is_private=bool(body.get("is_private")))
        if "is_archived" in body:
            channel.is_archived = bool(body["is_archived"])
        if "is_member" in body:
            rest = [member for member in channel.members if member != seed.BOT_USER]
            was_in = channel.is_member
            channel.members = [*rest, seed.BOT_USER] if body["is_member"] else rest
            if channel.is_member and not was_in:
                self._events.invited(channel)
        self._stream.tell("state", {})
        return {"channel": channel.client()}

    async def _verify(self, body: Body) -> Body:
        return {"verified": await self._delivery.verify()}

    def _messages(self, query: Body) -> Body:
        channel = self._workspace.channel(text(query, "channel"))
        user, thread_ts = text(query, "user"), text(query, "thread_ts")
        shown = []
        for message in channel.messages.values():
            if message.only_for not in (None, user):
                continue
            wanted = thread_ts in (message.ts, message.thread_ts) if thread_ts else not message.in_thread_only
            if wanted:
                shown.append(message.client(self._workspace.users))
        return {"messages": shown}

    def _list_calls(self, query: Body) -> Body:
        return {"calls": self._calls.list(query.get("target") or None, query.get("operation") or None)}

    def _list_faults(self, query: Body) -> Body:
        shown = [fault | {"target": fault["target"].partition(":")[0]} for fault in self._faults.waiting()]
        return {"faults": shown}

    def _list_views(self, query: Body) -> Body:
        user = text(query, "user")
        return {"views": self._views.stack(user), "home": self._views.home(user)}

    def _state(self, query: Body) -> Body:
        users = [
            user | {"avatar_text": user["real_name"][:1], "color": f"#{user['color']}"}
            for user in self._workspace.users.values()
        ]
        bot = next(user for user in users if user["id"] == seed.BOT_USER)
        return {
            "team": {"id": seed.TEAM, "name": "Sandbox", "domain": seed.ENTERPRISE_DOMAIN},
            "users": users,
            "channels": [channel.client() for channel in self._workspace.channels.values()],
            "commands": self._commands,
            "bot": bot | {"app_id": seed.APP, "bot_id": seed.BOT},
            "usergroups": list(self._workspace.usergroups.values()),
            "sockets": self._sockets.count,
            "shortcuts": self._installation.shortcuts,
            "home_tab": self._installation.home_tab,
            "events": sorted(self._installation.events),
            "scopes": list(self._installation.scopes),
        }
