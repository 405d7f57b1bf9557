"""What people do with incidents in Slack, taken in at once: buttons, menus, modals and mentions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts import asks, mentions, people, pins
from alerts.timeline import moment
from bot.domain import Actor
from bot.engine import Engine
from bot.incident import KIND, LIVE
from bot.ports import Message
from bot.posts import thread_row
from bot.rows import Signal, Store
from bot.views import incident as view
from bot.views import incident_asks
from bot.views.operation import sentence

PREFIX = "incident:"
GONE = sentence("I no longer have this incident; it is too old.")
ELSEWHERE = sentence("This is not the thread of an incident.", "Mention me in the thread under its headline.")
_BUTTONS = {
    view.ACKNOWLEDGE: people.ACKNOWLEDGE,
    view.TAKE_OVER: people.TAKE_OVER,
    view.ESCALATE: people.ESCALATE,
    view.RESOLVE: people.RESOLVE,
}


class Front:
    """Hands what people do to the incidents; nothing here waits for Slack or AWS."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store

    def press(
        self, action_id: str, value: str, actor: Actor, *, key: str, response_url: str = "", trigger_id: str = ""
    ) -> Message | None:
        """A button of a headline was pressed or its menu used; a message when that cannot be done."""
        incident, _, rest = value.partition(":")
        name = _BUTTONS.get(action_id, "")
        payload: dict[str, Any] = {"user": actor.user}
        if name == people.ESCALATE and rest:
            payload["seen"] = rest
        if action_id == view.MORE:
            name, _, argument = rest.partition(":")
            if name == people.SNOOZE and argument.isdecimal():
                payload["seconds"] = float(argument)
            elif name in incident_asks.TITLES:
                new = asks.asking(name, incident, actor, trigger_id, response_url=response_url, key=key)
                self._engine.add(new, safe=False)
                return None
            else:
                name = ""
        if not name:
            return sentence("This button is of another version of the bot.", "Mention me in the thread instead.")
        told = self._engine.signal(incident, Signal(name, payload, key=key))
        return None if told or self._engine.knows(incident) else GONE

    def submitted(self, shown: Mapping[str, Any], actor: Actor) -> dict[str, str] | None:
        """A modal of an incident's menu was submitted."""
        return asks.submitted(self._engine, self._store, shown, actor)

    def mentioned(
        self, text: str, actor: Actor, *, thread_ts: str, key: str, at: float = 0.0
    ) -> tuple[bool, Message | None]:
        """The bot was mentioned: whether it was about an incident, and what to answer at once.

        ``text`` is what followed the mention, ``at`` when it was written. Raises UsageError when a part is missing.
        """
        said = mentions.understood(text)
        if said is None:
            return False, None
        incident = thread_row(self._store, actor.channel, thread_ts) if thread_ts else ""
        row = self._store.get(incident) if incident else None
        if row is None or row.kind != KIND:
            return True, ELSEWHERE
        payload = {**said.payload, "user": actor.user} | ({"at": at} if at else {})
        if said.name == people.MERGE:
            payload["into"] = self._meant(str(said.payload["into"]))
        self._engine.signal(incident, Signal(said.name, payload, key=key))
        return True, None

    def talk_of(self, channel: str, thread_ts: str) -> tuple[str, float]:
        """What a thread is about: the key of the incident's service, and when it began; nothing elsewhere."""
        incident = thread_row(self._store, channel, thread_ts) if thread_ts else ""
        row = self._store.get(incident) if incident else None
        if row is None or row.kind != KIND:
            return "", 0.0
        return str(row.body["target"]), float(row.body["opened_at"])

    def marked(self, channel: str, ts: str, *, key: str) -> None:
        """Somebody put a 📌 on a message or pinned it."""
        pins.marked(self._engine, channel, ts, key=key)

    def changed(self, channel: str, ts: str, *, key: str, deleted: bool = False) -> None:
        """A message was edited or deleted, or a mark taken away."""
        pins.changed(self._engine, self._store, channel, ts, key=key, deleted=deleted)

    def remedied(self, command: str, actor: Actor, *, thread_ts: str, key: str) -> None:
        """A remedy was pressed in the thread of an incident: whoever reads its record sees who wanted what."""
        incident = thread_row(self._store, actor.channel, thread_ts) if thread_ts else ""
        row = self._store.get(incident) if incident else None
        if row is not None and row.kind == KIND:
            now = self._engine.now()
            noted = moment(incident, f"remedy:{key}", now, "person", f"pressed the remedy {command}", by=actor.user)
            self._engine.add(noted, safe=False)

    def _meant(self, words: str) -> str:
        """The incident that a link, an id or an alarm's name means; empty when there is none."""
        link = mentions.linked(words)
        if link is not None:
            return thread_row(self._store, *link)
        wanted = words.strip("`").lower()
        for row in self._store.rows(KIND, states=LIVE, limit=200):
            if wanted in (row.id, str(row.body["alarm"]["name"]).lower()):
                return row.id
        return ""
