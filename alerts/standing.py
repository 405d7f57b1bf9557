"""The silences that hold now, as commands, triage and incidents read them: rows of the store, nothing is asked."""

from __future__ import annotations

from bot.domain import as_json
from bot.ports import Clock
from bot.rows import NewRow, Row, Signal, Store
from bot.silence import Held, Silence, covering

KIND = "silence"
ACTIVE, UNMUTING, OVER = "active", "unmuting", "over"
HELD, END = "held", "end"
"""Signals to a silence: an alarm fired under it; somebody ended it."""
MOST = 1000


class Standing:
    """Fills ``bot.silence_ports.Silences``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def standing(self) -> tuple[Silence, ...]:
        now = self._clock.now()
        found = [silence_of(row) for row in self._store.rows(KIND, states=(ACTIVE,), limit=MOST) if self._holds(row)]
        return tuple(sorted((each for each in found if each.holds_at(now)), key=lambda each: each.until))

    def _holds(self, row: Row) -> bool:
        """What was ended is over at once, whenever its machine comes to it."""
        return not any(signal.name == END for signal in self._store.pending(row.id))

    def covering(self, alarm_name: str, arn: str, target_key: str) -> Silence | None:
        return covering(self.standing(), alarm_name, arn, target_key)

    def held(self, silence_id: str) -> tuple[Held, ...]:
        row = self._store.by_key(KIND, silence_id)
        return held_by(row) if row is not None else ()

    def add(self, silence: Silence) -> None:
        self._store.add(silence_row(silence), self._clock.now())

    def end(self, silence_id: str, by: str, *, channel: str = "") -> bool:
        row = self._store.by_key(KIND, silence_id)
        if row is None or row.state != ACTIVE or not silence_of(row).holds_at(self._clock.now()):
            return False
        return self._store.signal(row.id, Signal(END, {"by": by, "channel": channel}, key=END), self._clock.now())


def silence_row(silence: Silence) -> NewRow:
    """The row that keeps it; adding it again changes nothing."""
    body = {"silence": as_json(silence), "held": {}, "told": False}
    return NewRow(kind=KIND, key=silence.id, id=silence.row, state=ACTIVE, body=body, group=silence.name)


def silence_of(row: Row) -> Silence:
    """The silence that a row keeps."""
    return Silence.model_validate(row.body["silence"])


def held_by(row: Row) -> tuple[Held, ...]:
    """The alarms it has held, most often first."""
    found = [Held.model_validate(each) for each in row.body["held"].values()]
    return tuple(sorted(found, key=lambda each: (-each.count, each.name)))
