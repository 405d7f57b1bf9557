"""Holds in the store: in force at once, announced, over in time or lifted, each told once and to whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.domain import System
from bot.engine import Engine
from bot.errors import UpstreamError
from bot.freezes import ACTIVE, LIFTED, OVER, Freezes, Freezing
from bot.holds import Hold, HoldKind
from bot.posts import Posts
from bot.settings import CalendarConfig
from bot.store.sqlite import SqliteStore
from tests.fakes import FakeChat, FakeClock
from tests.scene import ALICE, BOB, the_systems

CALENDAR = CalendarConfig.model_validate(
    {"freezes": {"f": {"reason": "r", "first_day": "2025-06-20", "last_day": "2025-06-20"}}}
)
DAY = 86400.0


def systems() -> tuple[System, ...]:
    (bi,) = the_systems()
    other = bi.model_copy(update={"system": "zoo", "channel": "#zoo"})
    staging = bi.environments["staging"].model_copy(update={"channel": "#bi-staging"})
    return (bi.model_copy(update={"environments": {**bi.environments, "staging": staging}}), other)


class Place:
    """The real machine of holds over a real store, beside that of posts."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.chat = FakeClock(), FakeChat()
        self.chat.channels = {"#bi": "C0BI", "#ops": "C0OPS", "#bi-staging": "C0STAGING", "#zoo": "C0ZOO"}
        self.store = SqliteStore(folder / "bot.db")
        self.catalog = Catalog(systems())
        self.freezes = Freezes(self.store, self.clock, CALENDAR)
        machines = (
            Freezing(self.store, self.clock, self.chat, self.catalog, lambda: "#ops"),
            Posts(self.store, self.clock, self.chat, lambda: "#ops"),
        )
        self.engine = Engine(self.store, self.clock, {machine.kind: machine for machine in machines}, workers=1)

    def freeze(self, place: str = "bi", hold_id: str = "op1", **changes: Any) -> Hold:
        now = self.clock.now()
        values = {"kind": HoldKind.FREEZE, "reason": "Frozen by alice: <audit>", "since": now, "until": now + 3600}
        hold = Hold.model_validate({"id": hold_id, "place": place, "by": ALICE, **values, **changes})
        self.freezes.add(hold)
        return hold

    def run(self, seconds: float = 0.0) -> None:
        self.engine.run_due()
        self.clock.advance(seconds)
        self.engine.run_due()

    def held(self, key: str) -> list[str]:
        target = self.catalog.target(key)
        assert target is not None
        return [hold.id for hold in self.freezes.on(target, self.clock.now())]

    def states(self) -> list[str]:
        return [row.state for row in self.store.rows("hold")]

    def said(self) -> list[tuple[str, str]]:
        """Channel and text of every message, and forget them."""
        said = [(shown.channel, shown.message.text) for shown in self.chat.posts]
        self.chat.posts.clear()
        return said


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.engine.stop(1)
    made.store.close()


def test_a_freeze_holds_from_the_moment_it_is_stored(place: Place) -> None:
    place.freeze("bi/production")
    assert place.held("bi/production/api") == ["op1"]
    assert place.held("bi/staging/api") == []
    assert place.held("zoo/production/api") == []


@pytest.mark.parametrize(
    ("where", "held"),
    [
        ("", ["bi/production/api", "bi/production/web", "bi/staging/api", "zoo/production/api"]),
        ("bi", ["bi/production/api", "bi/production/web", "bi/staging/api"]),
        ("bi/production", ["bi/production/api", "bi/production/web"]),
        ("bi/production/api", ["bi/production/api"]),
    ],
)
def test_a_place_may_be_everything_or_a_single_service(place: Place, where: str, held: list[str]) -> None:
    place.freeze(where)
    keys = ("bi/production/api", "bi/production/web", "bi/staging/api", "zoo/production/api")
    assert [key for key in keys if place.held(key)] == held


def test_the_calendar_and_what_people_set_come_together_hardest_first(place: Place) -> None:
    place.freeze(kind=HoldKind.LOCK, until=0.0)
    place.clock.advance(5 * DAY)
    assert place.held("bi/production/api") == ["op1", "calendar:f:2025-06-20"]
    assert [hold.id for hold in place.freezes.by_hand(place.clock.now())] == ["op1"]


def test_setting_it_twice_is_setting_it_once(place: Place) -> None:
    place.freeze()
    place.freeze(until=place.clock.now() + 99 * DAY)
    place.run()
    place.freeze()
    place.run()
    assert len(place.store.rows("hold")) == 1
    assert len(place.said()) == 2  # in each channel of the system


def test_it_is_announced_once_in_every_channel_it_concerns(place: Place) -> None:
    place.freeze()
    place.run()
    text = ":snowflake: *bi* · Frozen by alice: &lt;audit&gt;"
    assert sorted(place.said()) == [("C0BI", text), ("C0STAGING", text)]
    place.run(10)
    assert place.said() == []


def test_it_is_not_announced_where_it_was_set(place: Place) -> None:
    place.freeze("bi/production", channel="C0BI")
    place.freeze("", hold_id="op2", channel="C0BI")
    place.run()
    said = place.said()
    assert {text for _, text in said} == {":snowflake: *everything* · Frozen by alice: &lt;audit&gt;"}
    assert sorted(channel for channel, _ in said) == ["C0OPS", "C0STAGING", "C0ZOO"]


def test_at_its_end_it_is_over_by_itself_and_that_is_said(place: Place) -> None:
    place.freeze("bi/production", channel="C0BI")
    place.run(3599)
    assert (place.held("bi/production/api"), place.states(), place.said()) == (["op1"], [ACTIVE], [])
    place.clock.advance(1)
    assert place.held("bi/production/api") == []
    place.run()
    assert place.states() == [OVER]
    assert place.said() == [("C0BI", f":sunny: The freeze of *bi production*, set by <@{ALICE}>, is over.")]


def test_a_lifted_one_holds_nothing_from_that_moment_on(place: Place) -> None:
    place.freeze("bi/production")
    place.run()
    place.said()
    assert place.freezes.lift("op1", BOB, place.clock.now())
    assert place.held("bi/production/api") == []
    assert not place.freezes.lift("op1", ALICE, place.clock.now())
    place.run(DAY)
    assert place.states() == [LIFTED]
    assert place.said() == [("C0BI", f":sunny: The freeze of *bi production* was lifted by <@{BOB}>.")]


def test_where_it_was_lifted_nobody_is_told_again(place: Place) -> None:
    place.freeze("bi", channel="C0BI")
    place.run()
    place.said()
    place.freezes.lift("op1", BOB, place.clock.now(), channel="C0BI")
    place.run()
    assert [channel for channel, _ in place.said()] == ["C0STAGING"]


def test_only_what_holds_can_be_lifted(place: Place) -> None:
    place.freeze()
    assert not place.freezes.lift("nothing", BOB, place.clock.now())
    assert not place.freezes.lift("op1", BOB, place.clock.now() + 3600)
    assert place.freezes.lift("op1", BOB, place.clock.now())


def test_a_lock_has_no_end_and_is_never_forgotten(place: Place) -> None:
    place.freeze("bi/production/api", kind=HoldKind.LOCK, until=0.0, reason="Rolled back.")
    place.run()
    assert place.said() == [("C0BI", ":lock: *bi/api production* · Rolled back.")]
    for _ in range(5):
        place.run(30 * DAY)
        place.store.forget(place.clock.now())
    assert place.held("bi/production/api") == ["op1"]
    assert place.said() == []
    place.freezes.lift("op1", BOB, place.clock.now())
    place.run()
    assert place.states() == [LIFTED]


def test_what_is_over_is_forgotten_some_day(place: Place) -> None:
    place.freeze()
    place.run(3600)
    place.store.forget(place.clock.now() + 1)
    assert place.states() == []


def test_a_channel_that_is_gone_keeps_no_hold_alive(place: Place) -> None:
    del place.chat.channels["#bi"]
    place.freeze("bi/production", channel="C0ELSE")
    place.run(3600)
    assert place.states() == [OVER]
    assert {channel for channel, _ in place.said()} == {"C0OPS"}


def test_when_slack_cannot_say_who_is_where_the_hold_ends_all_the_same(place: Place, monkeypatch: Any) -> None:
    def refuse(channel: str) -> str:
        raise UpstreamError("Slack refuses.", retryable=False)

    monkeypatch.setattr(place.chat, "channel_id", refuse)
    place.freeze("bi/production", channel="C0ELSE")
    place.engine.run_due(limit=1)
    assert place.states() == [ACTIVE]
    assert place.held("bi/production/api") == ["op1"]
    place.freezes.lift("op1", BOB, place.clock.now(), channel="C0ELSE")
    place.engine.run_due(limit=1)
    assert place.states() == [LIFTED]
