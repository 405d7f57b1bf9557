"""What the composition puts together: the doors, the machines behind them, and the bot's look at itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.mails import mail
from benchmarks.far import forgetful
from bot.app import STUCK_SECONDS, Bot, build
from bot.domain import Actor, Alarm, AlarmState, as_json
from bot.incident import Incident
from bot.paging import PageEvent
from bot.rows import NewRow
from bot.serve import configuration
from bot.settings import EnvironmentVariables
from tests.fakes import NOON, FakeClock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> Iterator[Bot]:
    for field in EnvironmentVariables.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.setenv("BOT_CONFIG_DIR", str(ROOT / "config"))
    monkeypatch.setenv("BOT_DATABASE_URL", f"sqlite:///{tmp_path / 'bot.db'}")
    built = build(*configuration(), clock=clock)
    yield built
    built.engine.stop(1)
    built.outside.pager.close()
    built.outside.web.close()
    built.store.close()


def test_what_pagerduty_tells_is_stored_for_its_incident(bot: Bot) -> None:
    bot.store.add(NewRow(kind="incident", key="k", state="open", body={}, due_at=None, id="inc1"), NOON)
    event = PageEvent("pd:1", "acknowledged", "runbook-bot:inc1", "PGR0VU2", "Alice", "user", NOON)
    assert bot.accept_event(event) and bot.accept_event(event)
    assert [signal.payload["who"] for signal in bot.store.pending("inc1")] == ["Alice"]


def test_a_mail_without_a_sender_is_given_up_in_words(bot: Bot) -> None:
    alarm = Alarm(arn="arn:a", name="api-slow", state=AlarmState.ALARM, at=NOON)
    body = as_json(Incident(alarm=alarm, channel="#ops", opened_at=NOON))
    bot.store.add(NewRow(kind="incident", key="k", state="open", body=body, due_at=None, id="inc1"), NOON)
    bot.engine.add(mail("inc1", "low", ["oncall@example.com"], NOON, "#ops"))
    bot.engine.run_due(limit=2)
    row = bot.store.by_key("mail", "inc1:low")
    said = bot.store.by_key("post", "inc:inc1:mail:low")
    assert row is not None and row.state == "given_up"
    assert said is not None and "is not set" in str(said.body["message"]["text"])


def test_work_that_nobody_takes_up_is_a_complaint(bot: Bot, clock: FakeClock) -> None:
    assert bot.audit() == []
    bot.engine.add(mail("inc1", "low", ["oncall@example.com"], NOON + 60, "#ops"))
    assert bot.audit() == []
    clock.advance(60 + STUCK_SECONDS + 1)
    assert bot.audit() == ["Work that has been due for minutes is not being done."]


def test_work_that_was_added_in_this_instant_is_no_complaint(bot: Bot, clock: FakeClock) -> None:
    bot.engine.add(NewRow(kind="digest", key="d", state="owed", body={}))
    assert bot.audit() == []
    clock.advance(STUCK_SECONDS + 1)
    assert len(bot.audit()) == 1


def test_the_bot_looks_after_itself_every_minute(bot: Bot) -> None:
    jobs = {job.func.__qualname__: job.trigger.interval.total_seconds() for job in bot.scheduler.get_jobs()}
    assert jobs["Heartbeat.beat"] == 60
    assert jobs["Bot._digest"] == 60


def test_each_system_is_owed_the_digest_of_the_week_once(bot: Bot) -> None:
    digest = next(job for job in bot.scheduler.get_jobs() if job.func.__qualname__ == "Bot._digest")
    digest.func()
    digest.func()
    systems = {f"digest:{name}:2025-W24" for name in (*(system.system for system in bot.settings.systems), "?")}
    assert {row.key for row in bot.store.rows("digest")} == systems


def test_marks_and_edits_reach_the_pins_and_an_opened_tab_its_home(bot: Bot) -> None:
    bot.desk.changed("C0OPS", "1.000100", key="Ev1")
    assert bot.store.rows("pin") == []
    bot.desk.marked("C0OPS", "1.000100", key="Ev2")
    bot.desk.changed("C0OPS", "1.000100", key="Ev3", deleted=True)
    (pin,) = bot.store.rows("pin")
    assert [signal.name for signal in bot.store.pending(pin.id)] == ["deleted"]
    for key in ("Ev4", "Ev5", "Ev5"):
        bot.desk.home_opened("U0ALICE", seen="", key=key)
    (home,) = bot.store.rows("home")
    assert (home.key, len(bot.store.pending(home.id))) == ("U0ALICE", 1)


def test_a_remedy_pressed_in_an_incidents_thread_is_noted_and_taken_down_the_road(bot: Bot) -> None:
    body = {"target": "rapid-photo/production/star", "opened_at": NOON}
    bot.store.add(NewRow(kind="incident", key="k", state="open", body=body, due_at=None, id="inc1"), NOON)
    bot.store.add(NewRow(kind="thread", key="C0OPS:1.0001", state="known", body={"of": "inc1"}, due_at=None), NOON)
    actor = Actor(user="U0ALICE", channel="C0OPS")
    command = "rollback rapid-photo/star production"
    for key, thread in (("p1", "1.0001"), ("p1", "1.0001"), ("p2", "2.0001"), ("p3", "")):
        bot.desk.press("remedy:rollback", command, actor, key=key, ts="3.0001", thread_ts=thread)
    (noted,) = bot.store.rows("moment")
    assert (noted.group, noted.body["text"], noted.body["by"]) == ("inc1", f"pressed the remedy {command}", "U0ALICE")
    assert noted.body["at"] == NOON


def test_a_button_of_the_home_tab_opens_a_form(bot: Bot) -> None:
    actor = Actor(user="U0ALICE", channel="U0ALICE")
    bot.desk.press("home:open:deploy", "deploy", actor, key="p1", trigger_id="T1")
    (form,) = bot.store.rows("form")
    assert (form.body["command"], form.body["actor"]["channel"]) == ("deploy", "U0ALICE")


def test_in_a_systems_channel_its_services_are_known_by_their_short_names(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Actor(user="U0ALICE", channel="C0ARBOR")
    names = {"C0ARBOR": "#arbor-energy"}
    monkeypatch.setattr(bot.outside.chat, "is_channel", lambda channel, name: names.get(channel) == name)
    assert bot.desk.receive("logs", "backend production level error last 1h", asker) is None
    (row,) = bot.store.rows("operation")
    assert row.group == "arbor/production/backend"
    said = bot.desk.receive("logs", "backend production", asker.model_copy(update={"channel": "C0OPS"}))
    assert said is not None and "could be arbor/backend or photo/backend" in said.text


def test_slack_is_asked_for_its_channels_when_the_bot_starts(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    monkeypatch.setattr(bot.outside.chat, "channel_id", lambda channel: asked.set())
    bot.start()
    assert asked.wait(5)
    bot.stop()


def test_the_benchmarks_can_have_a_world_that_remembers_nothing(bot: Bot) -> None:
    world = forgetful(bot)
    assert world.advice is bot.world.advice and world.ecs is not bot.world.ecs
