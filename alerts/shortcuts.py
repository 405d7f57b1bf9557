"""What stands in the menu of every message: adding it to an incident's timeline, and explaining the alarm in it.

https://docs.slack.dev/interactivity/implementing-shortcuts
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from alerts import pins
from bot.catalog import Catalog
from bot.domain import Actor
from bot.engine import Engine
from bot.errors import BotError
from bot.flow import Flow
from bot.incident import KIND as INCIDENT
from bot.incident import LIVE, Incident
from bot.ports import Message
from bot.posts import thread_row
from bot.rows import Store
from bot.views.operation import sentence

NOTE, EXPLAIN = "incident:note", "alarm:explain"
"""Callback ids of the shortcuts, as the app's manifest names them."""
COMMAND = "explain"
MOST = 60_000
"""Characters of a message that are looked through."""
MOST_INCIDENTS = 200
NOTHING = sentence(
    "I see no alarm in this message.", "It should have an alarm's name, its ARN or a link to it; or type /ops explain."
)
OLD = sentence("This shortcut is of another version of the bot.", "Install its newest manifest.")

_ARN = re.compile(r"arn:aws[a-z-]{0,12}:cloudwatch:[a-z0-9-]{1,30}:\d{1,12}:alarm:([^\n\r\"'`<>|]{1,255})")
_CONSOLE = re.compile(r"#(?:alarmsV2:alarm/|alarm:[^\s>|]{0,200}?name=)([^\s?&|>~;\"'`)]{1,800})")


class Shortcuts:
    """Hands what people pick on; nothing here waits for Slack or AWS."""

    def __init__(self, engine: Engine, store: Store, catalog: Catalog, flow: Flow) -> None:
        self._engine = engine
        self._store = store
        self._catalog = catalog
        self._flow = flow

    def picked(
        self, shortcut: str, message: Mapping[str, Any], actor: Actor, *, key: str, response_url: str = ""
    ) -> Message | None:
        """A shortcut was picked; a message when that cannot be done. ``message`` is the whole of it as Slack has it."""
        if shortcut == NOTE:
            return self._note(message, actor, key)
        if shortcut == EXPLAIN:
            return self._explain(message, actor, key, response_url)
        return OLD

    def _note(self, message: Mapping[str, Any], actor: Actor, key: str) -> Message | None:
        if self._incident(message, actor) is None:
            return pins.NO_INCIDENT
        pins.added(self._engine, actor.channel, str(message["ts"]), actor.user, key=key)
        return None

    def _explain(self, message: Mapping[str, Any], actor: Actor, key: str, response_url: str) -> Message | None:
        incident = self._incident(message, actor)
        alarm = alarm_in(message, self._names()) or (incident.members[0].arn if incident and incident.members else "")
        alarm = alarm or (incident.alarm.name if incident else "")
        if not alarm:
            return NOTHING
        asker = actor.model_copy(update={"thread_ts": thread_of(message)})
        if incident is not None:
            thread = str(message.get("thread_ts") or message["ts"])
            asker = actor.model_copy(update={"thread_ts": thread, "about": incident.opened_at})
        try:
            self._flow.submit(self._flow.command(COMMAND), {"alarm": alarm}, asker, response_url=response_url, key=key)
        except BotError as error:
            return sentence(error.message, error.hint)
        return None

    def _incident(self, message: Mapping[str, Any], actor: Actor) -> Incident | None:
        """The incident in whose thread the message is, or whose headline it is."""
        thread = str(message.get("thread_ts") or message.get("ts") or "")
        row = self._store.get(thread_row(self._store, actor.channel, thread)) if thread else None
        return Incident.model_validate(row.body) if row is not None and row.kind == INCIDENT else None

    def _names(self) -> Iterator[str]:
        """Names of all alarms that are known."""
        yield from (alarm.name for target in self._catalog.targets for alarm in target.service.alarms)
        for row in self._store.rows(INCIDENT, states=LIVE, limit=MOST_INCIDENTS):
            yield from (member.alarm_name for member in Incident.model_validate(row.body).members)


def thread_of(message: Mapping[str, Any]) -> str:
    """The thread that a message is a reply in; empty for one in a channel, also where it begins a thread."""
    thread = str(message.get("thread_ts") or "")
    return thread if thread != str(message.get("ts") or "") else ""


def alarm_in(message: Mapping[str, Any], known: Iterable[str]) -> str:
    """The alarm that a message is about, by its ARN or its name; empty when it names none.

    An ARN says most, then a link to the console, then the first of the known names that stands in the text.
    """
    text = html.unescape("\n".join(_texts(message)))[:MOST]
    names = {name for name in known if name}
    for found in _ARN.finditer(text):
        name = found[1].strip()
        if not name:
            continue
        return found[0].removesuffix(found[1]) + (_longest(name, names) or name.split()[0])
    for found in _CONSOLE.finditer(text):
        name = unquote(found[1]).strip()
        if name:
            return name
    places = {name: _place(name, text) for name in names if name in text}
    standing = [name for name, place in places.items() if place >= 0]
    return min(standing, key=lambda name: (places[name], -len(name)), default="")


def _longest(text: str, names: Iterable[str]) -> str:
    """The longest known name with which a text begins: names may have blanks in them, and text follows."""
    return max((name for name in names if text.startswith(name)), key=len, default="")


def _place(name: str, text: str) -> int:
    """Where a name stands by itself, and not as a part of a longer one; -1 for nowhere."""
    found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
    return found.start() if found else -1


def _texts(value: Any) -> Iterator[str]:
    """Every text of a message, its blocks and its attachments, whoever made them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
