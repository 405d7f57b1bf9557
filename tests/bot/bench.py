"""An engine over a store with one machine that does what the test says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.engine import Engine, Lease, Machine
from bot.errors import BotError
from bot.rows import NewRow, Received, Row, Step
from bot.store.sqlite import SqliteStore
from tests.fakes import FakeClock

Advance = Callable[[Row, list[Received], Lease], Step]


class Scripted(Machine):
    """A machine that does what the test says and remembers what it was asked."""

    kind = "job"

    def __init__(self) -> None:
        self.does: Advance = lambda row, signals, lease: Step("done", None, dict(row.body))
        self.attempts: list[int] = []
        self.given_up: list[BotError] = []
        self.gives_up: Callable[[], Step] = lambda: Step("given up", None, {})

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        self.attempts.append(row.attempts)
        return self.does(row, signals, lease)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        self.given_up.append(error)
        return self.gives_up()


class Bench:
    """An engine over a store with one scripted machine."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = SqliteStore(folder / "rows.db")
        self.machine = Scripted()
        self.engine = Engine(self.store, self.clock, {"job": self.machine}, workers=2)

    def add(self, key: str = "k", lock: str | None = None) -> str:
        return self.engine.add(NewRow(kind="job", key=key, state="begun", body={}, lock=lock))[0].id

    def state(self, row_id: str) -> str:
        row = self.store.get(row_id)
        assert row is not None
        return row.state

    def raises(self, error: Exception) -> None:
        def do(row: Row, signals: list[Received], lease: Lease) -> Step:
            raise error

        self.machine.does = do

    def run_for(self, seconds: int) -> None:
        self.engine.run_due()
        for _ in range(seconds):
            self.clock.advance(1)
            self.engine.run_due()
