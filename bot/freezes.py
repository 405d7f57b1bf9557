"""Freezes and locks set by hand or by a rollback: rows that are announced, end at their time or are lifted.

The row's key is the hold's id. A row is in force from the moment it is stored; its machine only tells people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.calendar import hardest_first, holds
from bot.catalog import Catalog
from bot.domain import Target, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError, NotFoundError
from bot.holds import Hold, HoldKind, place_label
from bot.ports import Chat, Clock, Message
from bot.posts import post
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.settings.calendar import CalendarConfig
from bot.views import blocks as b

KIND = "hold"
ACTIVE, LIFTED, OVER = "active", "lifted", "over"
LIFT = "lift"
AWAKE = 30 * 86400.0
"""Seconds after which a hold without an end is looked at: rows that wait for nothing are forgotten some day."""
MOST = 1000
MARKS = {HoldKind.FREEZE: ":snowflake:", HoldKind.LOCK: ":lock:"}


class Freezes:
    """Fills ``bot.shipping_ports.Holds``: the calendar, and the rows of this store."""

    def __init__(self, store: Store, clock: Clock, calendar: CalendarConfig) -> None:
        self._store = store
        self._clock = clock
        self._calendar = calendar

    def on(self, target: Target, now: float) -> tuple[Hold, ...]:
        here = (hold for hold in self.by_hand(now) if hold.covers(target.key))
        return hardest_first((*holds(self._calendar, target, now), *here))

    def by_hand(self, now: float) -> tuple[Hold, ...]:
        rows = self._store.rows(KIND, states=(ACTIVE,), limit=MOST)
        return hardest_first(hold_of(row) for row in rows if self._holds(row, now))

    def _holds(self, row: Row, now: float) -> bool:
        """What was lifted is over at once, whenever its machine comes to it."""
        lifted = any(signal.name == LIFT for signal in self._store.pending(row.id))
        return row.state == ACTIVE and not lifted and not _ended(hold_of(row), now)

    def add(self, hold: Hold) -> None:
        body = {"hold": as_json(hold), "told": False}
        self._store.add(NewRow(kind=KIND, key=hold.id, state=ACTIVE, body=body, group=hold.place), self._clock.now())

    def lift(self, hold_id: str, by: str, now: float, *, channel: str = "") -> bool:
        row = self._store.by_key(KIND, hold_id)
        if row is None or not self._holds(row, now):
            return False
        return self._store.signal(row.id, Signal(LIFT, {"by": by, "channel": channel}, key=LIFT), now)


def hold_of(row: Row) -> Hold:
    """The hold that a row keeps."""
    return Hold.model_validate(row.body["hold"])


def _ended(hold: Hold, now: float) -> bool:
    return bool(hold.until) and hold.until <= now


class Freezing(Machine):
    """The machine of holds: says that one began, that it was lifted, that it is over."""

    kind = KIND

    def __init__(
        self, store: Store, clock: Clock, chat: Chat, catalog: Catalog, default_channel: Callable[[], str]
    ) -> None:
        self._store = store
        self._clock = clock
        self._chat = chat
        self._catalog = catalog
        self._default_channel = default_channel

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Lifted, over, or still to be announced, in this order."""
        hold, now = hold_of(row), self._clock.now()
        consumed = tuple(signal.number for signal in signals)
        if row.state != ACTIVE:
            return Step(row.state, None, row.body, consumed=consumed)
        lifts = [signal for signal in signals if signal.name == LIFT]
        if lifts:
            by, channel = str(lifts[0].payload["by"]), str(lifts[0].payload["channel"])
            body = {**row.body, "lifted_by": by, "lifted_at": lifts[0].at}
            new = self._posts(row, hold, LIFTED, f":sunny: {_what(hold)} was lifted by {b.user(by)}.", besides=channel)
            return Step(LIFTED, None, body, consumed=consumed, new=new)
        if _ended(hold, now):
            who = f", set by {b.user(hold.by)}," if hold.by else ""
            said = f":sunny: {_what(hold)}{who} is over."
            return Step(OVER, None, row.body, consumed=consumed, new=self._posts(row, hold, OVER, said))
        new = ()
        if not row.body["told"]:
            said = f"{MARKS[hold.kind]} *{b.esc(place_label(hold.place))}* · {b.esc(hold.reason, 1200)}"
            new = self._posts(row, hold, ACTIVE, said, besides=hold.channel)
        return Step(*(ACTIVE, hold.until or now + AWAKE, {**row.body, "told": True}), consumed=consumed, new=new)

    def _posts(self, row: Row, hold: Hold, state: str, said: str, *, besides: str = "") -> tuple[NewRow, ...]:
        """One message in each channel that it concerns, but not where it is known already."""
        channels = [target.channel for target in self._catalog.inside(hold.place)]
        channels += [] if hold.place else [self._default_channel()]
        message: Message = b.paragraph(said)
        return tuple(
            post(f"hold:{row.id}:{state}:{channel}", channel, message)
            for channel in dict.fromkeys(channels or [self._default_channel()])
            if not self._same(channel, besides)
        )

    def _same(self, channel: str, other: str) -> bool:
        try:
            return bool(other) and other in (channel, self._chat.channel_id(channel))
        except NotFoundError:
            return False

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Nobody could be told; the hold ends when it ends all the same."""
        hold, now = hold_of(row), self._clock.now()
        body: dict[str, Any] = {**row.body, "told": True}
        consumed = tuple(signal.number for signal in signals)
        if row.state != ACTIVE or any(signal.name == LIFT for signal in signals):
            return Step(LIFTED if row.state == ACTIVE else row.state, None, body, consumed=consumed)
        if _ended(hold, now):
            return Step(OVER, None, body, consumed=consumed)
        return Step(ACTIVE, hold.until or now + AWAKE, body, consumed=consumed)


def _what(hold: Hold) -> str:
    return f"The {hold.kind.value} of *{b.esc(place_label(hold.place))}*"
