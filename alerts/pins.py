"""Messages of an incident's thread that people marked with 📌, or pinned: they belong to its record.

A row only says that something about a message changed. Its machine then reads the message as it stands in Slack now,
so that events which come twice, late or out of order lead to the same. What is no longer marked, or is gone, is kept as
removed; of a message that was deleted not even the words are kept.
"""

from __future__ import annotations

import logging

from bot.chat_ports import Said, SharedFile
from bot.domain import Frozen, Person, Target, as_json
from bot.engine import Engine, Lease, Machine
from bot.errors import BotError
from bot.incident import KIND as INCIDENT
from bot.incident import Incident
from bot.mrkdwn import plain
from bot.ports import Message, World
from bot.posts import thread_row, whisper
from bot.redact import clean
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.views.operation import sentence

log = logging.getLogger("alerts.pins")

KIND = "pin"
OWED, KEPT, REMOVED, ELSEWHERE = "owed", "kept", "removed", "elsewhere"
"""To be read; in the record; no longer in it; of a thread that is no incident's."""
CHANGED, DELETED, ADDED = "changed", "deleted", "added"
"""Signals: something about the message changed; it was deleted; somebody added it by its menu."""
EMOJI = "pushpin"
IN_IT = sentence("It is in the incident's timeline.", "Deleting the message takes it out again.")
NO_INCIDENT = sentence("This message is not in the thread of an incident.", "Only those have a timeline.")
MAY_NOT = sentence("You may not add to the timeline of this incident.", "Ask an admin for the action incident.")
GONE = sentence("This message is gone.")
MOST = 1000
TEXT = 3000
FILES = 10
NAME = 200


class File(Frozen):
    """A file that hangs on a pinned message."""

    name: str
    link: str


class Pin(Frozen):
    """The body of a pin's row. ``at`` is when the message was written; empty until it was read.

    ``added_by`` are those who added it by the message's menu, which is a mark that nobody takes away; ``asked_by`` is
    the one of them who is still to be told what came of it.
    """

    channel: str
    ts: str
    incident: str = ""
    author: str = ""
    text: str = ""
    files: tuple[File, ...] = ()
    link: str = ""
    pinned_by: str = ""
    added_by: tuple[str, ...] = ()
    asked_by: str = ""

    @property
    def at(self) -> float:
        """When it was written, in seconds since the epoch."""
        return float(self.ts)


def marked(engine: Engine, channel: str, ts: str, *, key: str) -> None:
    """Somebody put a 📌 on a message or pinned it; ``key`` is the event's id."""
    body = as_json(Pin(channel=channel, ts=ts))
    told = Signal(CHANGED, key=key)
    engine.add(NewRow(kind=KIND, key=_key(channel, ts), state=OWED, body=body, else_signal=told), safe=False)


def added(engine: Engine, channel: str, ts: str, user: str, *, key: str) -> None:
    """Somebody added a message by its menu, and is told what came of it."""
    body = as_json(Pin(channel=channel, ts=ts, added_by=(user,), asked_by=user))
    told = Signal(ADDED, {"user": user}, key=key)
    engine.add(NewRow(kind=KIND, key=_key(channel, ts), state=OWED, body=body, else_signal=told), safe=False)


def changed(engine: Engine, store: Store, channel: str, ts: str, *, key: str, deleted: bool = False) -> None:
    """A message was edited or deleted, or a mark taken away: nothing, unless it is one that is kept."""
    row = store.by_key(KIND, _key(channel, ts))
    if row is not None and row.state in (OWED, KEPT):
        engine.signal(row.id, Signal(DELETED if deleted else CHANGED, key=key))


def pinned(store: Store, incidents: frozenset[str], since: float) -> tuple[Pin, ...]:
    """What is pinned in the threads of some incidents that opened at ``since`` or later, by time of writing."""
    rows = store.rows(KIND, states=(KEPT,), since=since, limit=MOST)
    found = [Pin.model_validate(row.body) for row in rows if row.body["incident"] in incidents]
    return tuple(sorted(found, key=lambda pin: pin.at))


def _key(channel: str, ts: str) -> str:
    return f"{channel}:{ts}"


class Pins(Machine):
    """The machine of pins."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Read the message, and keep what it says as long as it is marked."""
        pin = Pin.model_validate(row.body)
        consumed = tuple(signal.number for signal in signals)
        for signal in signals:
            if signal.name == ADDED:
                user = str(signal.payload["user"])
                pin = pin.model_copy(update={"added_by": (*pin.added_by, user), "asked_by": user})
        gone = any(signal.name == DELETED for signal in signals)
        said = None if gone else self._world.chat.message(pin.channel, pin.ts)
        if said is None:
            return self._step(row, REMOVED, self._emptied(pin), consumed, pin.asked_by, GONE)
        incident = thread_row(self._store, pin.channel, said.thread_ts)
        found = self._store.get(incident) if incident else None
        thread = said.thread_ts if said.thread_ts != pin.ts else ""
        if found is None or found.kind != INCIDENT:
            return self._step(row, ELSEWHERE, pin, consumed, pin.asked_by, NO_INCIDENT, thread)
        key = Incident.model_validate(found.body).target
        target = self._world.catalog.target(key) if key else None
        by = self._marked_by(said, target, pin)
        if not by:
            return self._step(row, REMOVED, pin, consumed, pin.asked_by, MAY_NOT, thread)
        asked, told = pin.asked_by, IN_IT
        if asked and not self._may(self._world.chat.person(asked), target):
            told = MAY_NOT
        return self._step(row, KEPT, self._read(pin, said, incident, by), consumed, asked, told, said.thread_ts)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """It stays as it was known before."""
        log.warning("a pinned message could not be read", extra={"row": row.id, "error": error.message})
        state = ELSEWHERE if row.state == OWED else row.state
        asked = [str(signal.payload["user"]) for signal in signals if signal.name == ADDED]
        pin = Pin.model_validate(row.body)
        consumed = tuple(signal.number for signal in signals)
        told = sentence(f"This message could not be read: {error.message}", error.hint)
        return self._step(row, state, pin, consumed, (asked or [pin.asked_by])[-1], told)

    @staticmethod
    def _step(
        row: Row, state: str, pin: Pin, consumed: tuple[int, ...], asked: str, told: Message, thread_ts: str = ""
    ) -> Step:
        """What becomes of it; whoever asked for it is told."""
        key = f"pin:{row.id}:{row.epoch}"
        new = (whisper(key, pin.channel, asked, told, thread_ts=thread_ts),) if asked else ()
        return Step(state, None, as_json(pin.model_copy(update={"asked_by": ""})), consumed=consumed, new=new)

    @staticmethod
    def _emptied(pin: Pin) -> Pin:
        """Whoever deletes a message may have had reason to: only that there was one is kept."""
        return Pin(channel=pin.channel, ts=pin.ts, incident=pin.incident)

    def _marked_by(self, said: Said, target: Target | None, pin: Pin) -> str:
        """Whoever marked it first among those who may add to it; empty when nobody has, or they may not."""
        users = [*said.reactions.get(EMOJI, ()), *([said.pinned_by] if said.pinned_by else ()), *pin.added_by]
        return next((user for user in users if self._may(self._world.chat.person(user), target)), "")

    def _may(self, person: Person, target: Target | None) -> bool:
        """Whoever may do something about the incident, as for ``note``: its record is no place for everybody."""
        outside = person.is_bot or person.is_stranger or person.is_guest
        return not outside and self._world.may(person, "incident", target)

    def _read(self, pin: Pin, said: Said, incident: str, by: str) -> Pin:
        files = tuple(_file(each) for each in said.files[:FILES])
        text = clean(plain(said.text, self._name))[:TEXT]
        link = pin.link or self._link(pin)
        known = {"incident": incident, "author": said.user, "text": text, "files": files, "link": link}
        return pin.model_copy(update={**known, "pinned_by": by})

    def _name(self, user: str) -> str:
        return self._world.chat.person(user).name

    def _link(self, pin: Pin) -> str:
        try:
            return self._world.chat.permalink(pin.channel, pin.ts)
        except BotError:
            return ""


def _file(shared: SharedFile) -> File:
    return File(name=clean(shared.name)[:NAME], link=shared.link)
