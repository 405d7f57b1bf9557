"""The sign of life: sent while all is well, kept back while not, and people told once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import UpstreamError
from bot.heartbeat import MOST, NOT_AUDITED, NOT_WRITTEN, Heartbeat
from bot.store.sqlite import SqliteStore
from tests.fakes import Failures, FakeClock

URL = "https://watchdog.example.com/ping/" + "1" * 8


class Broken(SqliteStore):
    """A store that fails while told to."""

    full = False

    def ping(self) -> None:
        if self.full:
            raise OSError("no space left on device")
        super().ping()


class Watchdog:
    def __init__(self) -> None:
        self.pinged: list[str] = []
        self.failures = Failures()

    def ping(self, url: str) -> None:
        self.failures.take("ping")
        self.pinged.append(url)


class Ward:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = Broken(folder / "bot.db")
        self.watchdog = Watchdog()
        self.wrong: list[str] = []
        self.failures = Failures()
        self.heartbeat = self.another()

    def another(self, url: str = URL) -> Heartbeat:
        return Heartbeat(*(url, self.watchdog, self.audit), store=self.store, clock=self.clock, channel=lambda: "#ops")

    def audit(self) -> list[str]:
        self.failures.take("audit")
        return list(self.wrong)

    def beats(self, times: int) -> list[bool]:
        found = []
        for _ in range(times):
            found.append(self.heartbeat.beat())
            self.clock.advance(60)
        return found

    def posts(self) -> list[str]:
        rows = self.store.rows("post")
        assert {row.body["channel"] for row in rows} <= {"#ops"}
        return [str(row.body["message"]["text"]) for row in rows]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path)
    yield made
    made.store.close()


def mine(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the heartbeat logged; threads of other tests may still end, and say so."""
    return [record for record in caplog.records if record.name == "bot.heartbeat"]


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(record.__dict__["complaint"]) for record in caplog.records if "complaint" in record.__dict__]


def test_while_all_is_well_the_watchdog_is_told_every_time(ward: Ward) -> None:
    assert ward.beats(3) == [True] * 3
    assert ward.watchdog.pinged == [URL] * 3 and ward.posts() == []


def test_while_something_is_wrong_the_watchdog_hears_nothing_and_people_hear_it_once(
    ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    ward.wrong = ["An incident has no next step."]
    assert ward.beats(5) == [False] * 5
    assert ward.watchdog.pinged == []
    assert ward.posts() == [":broken_heart: I am not well: An incident has no next step."]
    assert logged(caplog) == ["An incident has no next step."]
    ward.wrong = []
    assert ward.beats(1) == [True]


def test_the_same_complaint_is_posted_once_a_day_by_however_many_starts(ward: Ward) -> None:
    ward.wrong = ["a"]
    ward.beats(2)
    ward.heartbeat = ward.another()
    ward.beats(2)
    ward.wrong = []
    ward.beats(1)
    ward.wrong = ["a"]
    ward.beats(1)
    assert len(ward.posts()) == 1
    ward.clock.advance(86_400)
    ward.beats(2)
    assert len(ward.posts()) == 2


def test_a_known_complaint_wakes_no_post(ward: Ward) -> None:
    ward.wrong = ["a"]
    ward.beats(1)
    ward.heartbeat = ward.another()
    ward.beats(3)
    (row,) = ward.store.rows("post")
    assert ward.store.pending(row.id) == []


def test_a_store_that_cannot_be_written_keeps_the_watchdog_waiting(
    ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    ward.store.full = True
    assert ward.beats(3) == [False] * 3
    assert ward.watchdog.pinged == [] and ward.posts() == []
    assert logged(caplog) == [NOT_WRITTEN]
    assert len([record for record in mine(caplog) if record.exc_info]) == 1
    ward.store.full = False
    assert ward.beats(1) == [True]


def test_what_was_wrong_while_nothing_could_be_stored_is_posted_afterwards(ward: Ward) -> None:
    ward.store.full, ward.wrong = True, ["a"]
    ward.beats(2)
    ward.store.full = False
    ward.beats(2)
    assert ward.posts() == [":broken_heart: I am not well: a"]


def test_an_audit_that_fails_is_a_complaint_itself(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    ward.failures.add("audit", *[ZeroDivisionError()] * 3)
    assert ward.beats(3) == [False] * 3
    assert logged(caplog) == [NOT_AUDITED]
    assert len(ward.posts()) == 1


def test_a_watchdog_that_is_away_is_logged_once_and_told_again(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    ward.watchdog.failures.add("ping", *[UpstreamError("watchdog.example.com cannot be reached.")] * 3)
    assert ward.beats(4) == [False, False, False, True]
    assert len(mine(caplog)) == 1 and ward.posts() == []


def test_without_a_watchdog_people_are_told_all_the_same(ward: Ward) -> None:
    ward.heartbeat = ward.another("")
    ward.wrong = ["a"]
    ward.beats(2)
    assert len(ward.posts()) == 1 and ward.watchdog.pinged == []


def test_complaints_are_shown_as_text_and_not_all_at_once(ward: Ward) -> None:
    ward.wrong = ["<!channel> password=" + "hunter" + "2", *[f"complaint {number}" for number in range(50)]]
    ward.beats(1)
    assert len(ward.posts()) == MOST
    assert any("&lt;!channel&gt; password=[redacted]" in text for text in ward.posts())
