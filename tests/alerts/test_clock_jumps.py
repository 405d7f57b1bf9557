"""The machine's clock is set in the middle of an incident: a day ahead after a long sleep, an hour back by NTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.auditor import complaints
from bot.catalog import Catalog
from bot.domain import System
from bot.errors import UpstreamError
from bot.incident import LIVE, Incident, Phase
from bot.rows import Row
from tests.fakes import texts
from tests.scene import ALICE, Scene, the_systems

HOUR, DAY = 3600.0, 86_400.0
LEVELS = [
    {"name": "L1", "who": "on call", "mention": ["S0ONCALL"], "pagerduty": True},
    {"name": "L2", "who": "lead", "mention": ["U0BOB"], "pagerduty_routing_key_env": "LEAD"},
    {"name": "L3", "who": "CTO", "email": ["cto@example.com"]},
]


@pytest.fixture
def jumpy(tmp_path: Path) -> Iterator[Scene]:
    (system,) = the_systems()
    raised = System.model_validate({**system.model_dump(), "on_call": ("S0ONCALL",), "escalation": LEVELS})
    made = Scene(tmp_path, catalog=Catalog((raised,)))
    yield made
    made.close()


def row(scene: Scene) -> Row:
    (found,) = scene.incidents()
    return found


def body(scene: Scene) -> Incident:
    return Incident.model_validate(row(scene).body)


def replies(scene: Scene, word: str) -> int:
    return sum(word in shown.message.text for shown in scene.chat.thread(f"inc:{row(scene).id}:headline"))


def jump(scene: Scene, seconds: float) -> None:
    scene.clock.advance(seconds)
    scene.run(5)
    quiet(scene)


def quiet(scene: Scene) -> None:
    """The auditor has nothing to say."""
    assert complaints(scene.store, scene.clock.now()) == []


def unacknowledged(scene: Scene) -> None:
    scene.alarm("ALARM", "first", name="api-down")
    scene.run(5)


def acknowledged(scene: Scene) -> None:
    unacknowledged(scene)
    scene.press_incident("acknowledge", ALICE)
    scene.run(3)


def snoozed(scene: Scene) -> None:
    unacknowledged(scene)
    scene.say("snooze 30m", ALICE)


def at_the_top(scene: Scene) -> None:
    """Every level was called, and nobody has it."""
    unacknowledged(scene)
    for _ in range(2):
        scene.clock.advance(901)
        scene.run(3)
    assert body(scene).level == 3


def recovered(scene: Scene) -> None:
    unacknowledged(scene)
    scene.alarm("OK", "ok", name="api-down")
    scene.run(5)


# a day ahead


def test_after_a_day_asleep_one_level_is_called_and_the_next_in_its_time(jumpy: Scene) -> None:
    unacknowledged(jumpy)
    jump(jumpy, DAY)
    assert (body(jumpy).level, replies(jumpy, ":arrow_up:")) == (2, 1)
    jump(jumpy, 880)
    assert body(jumpy).level == 2
    jump(jumpy, 30)
    assert (body(jumpy).level, replies(jumpy, ":arrow_up:")) == (3, 2)
    assert [action for action, _ in jumpy.pager.heard] == ["trigger", "trigger"]
    assert len(jumpy.mailer.sent) == 1


@pytest.mark.parametrize(("reach", "word"), [(acknowledged, "this has been open"), (at_the_top, "Nobody has this yet")])
def test_after_a_day_asleep_people_are_reminded_once(jumpy: Scene, reach: Callable[[Scene], None], word: str) -> None:
    reach(jumpy)
    jump(jumpy, DAY)
    assert replies(jumpy, word) == 1
    jump(jumpy, 60)
    assert replies(jumpy, word) == 1


def test_after_a_day_asleep_a_snooze_is_over_and_nobody_is_called_at_once(jumpy: Scene) -> None:
    snoozed(jumpy)
    jump(jumpy, DAY)
    assert replies(jumpy, "The snooze is over") == 1
    assert body(jumpy).level == 1
    jump(jumpy, 910)
    assert body(jumpy).level == 2


def test_after_a_day_asleep_what_had_recovered_is_closed_and_a_new_alarm_has_a_thread_of_its_own(jumpy: Scene) -> None:
    recovered(jumpy)
    jump(jumpy, DAY)
    assert row(jumpy).state == Phase.CLOSED
    jumpy.alarm("ALARM", "again", name="api-down")
    jumpy.run(5)
    assert sorted(each.state for each in jumpy.incidents()) == [Phase.CLOSED, Phase.OPEN]


def test_an_alarm_that_waited_for_a_day_is_asked_about_and_not_lost(jumpy: Scene) -> None:
    jumpy.metrics.states["api-down"] = "ALARM"
    jumpy.alarm("ALARM", "first", name="api-down", at=jumpy.clock.now())
    jump(jumpy, DAY)
    assert row(jumpy).state == Phase.OPEN


# an hour back


@pytest.mark.parametrize("word", ["minutes", "moments"])
def test_an_hour_back_delays_no_escalation_by_an_hour(jumpy: Scene, word: str) -> None:
    unacknowledged(jumpy)
    jump(jumpy, 600 if word == "minutes" else 0)
    jump(jumpy, -HOUR)
    assert (body(jumpy).level, replies(jumpy, ":arrow_up:")) == (1, 0)
    jump(jumpy, 910)
    assert (body(jumpy).level, replies(jumpy, ":arrow_up:")) == (2, 1)
    jump(jumpy, 910)
    assert (body(jumpy).level, replies(jumpy, ":arrow_up:")) == (3, 2)


def test_a_day_ahead_and_back_again_neither_skips_a_level_nor_stops_the_next(jumpy: Scene) -> None:
    unacknowledged(jumpy)
    jump(jumpy, DAY)
    jump(jumpy, -DAY)
    assert body(jumpy).level == 2
    jump(jumpy, 910)
    assert (body(jumpy).level, replies(jumpy, ":arrow_up:")) == (3, 2)


def test_an_hour_back_reminds_nobody_early_or_twice(jumpy: Scene) -> None:
    acknowledged(jumpy)
    for _ in range(3):
        jump(jumpy, -HOUR)
    assert replies(jumpy, "this has been open") == 0
    jump(jumpy, 4 * HOUR + 10)
    assert replies(jumpy, "this has been open") == 1


def test_an_hour_back_makes_no_snooze_longer_by_an_hour(jumpy: Scene) -> None:
    snoozed(jumpy)
    jump(jumpy, -HOUR)
    assert replies(jumpy, "The snooze is over") == 0
    jump(jumpy, 1800)
    assert replies(jumpy, "The snooze is over") == 1


def test_an_hour_back_keeps_nothing_that_recovered_open(jumpy: Scene) -> None:
    recovered(jumpy)
    jump(jumpy, -HOUR)
    assert row(jumpy).state == Phase.RECOVERED
    jump(jumpy, 310)
    jump(jumpy, 1810)
    assert row(jumpy).state == Phase.CLOSED


def test_an_hour_back_holds_up_no_message(jumpy: Scene) -> None:
    """More is owed than Slack takes at once, so that messages wait for their turns when it happens."""
    for number in range(12):
        jumpy.alarm(
            "ALARM",
            f"m{number}",
            name=f"nobodys-{number}",
            arn=f"arn:aws:cloudwatch:eu-{number}:1:alarm:x",
            region=f"eu-{number}",
        )
    jumpy.run()
    posted = len([shown for shown in jumpy.chat.posts if shown.key.endswith(":headline")])
    assert 0 < posted < 12
    jumpy.clock.advance(-HOUR)
    jumpy.run(30)
    assert len([shown for shown in jumpy.chat.posts if shown.key.endswith(":headline")]) == 12
    assert jumpy.store.rows("post", states=("owed",), limit=1000) == []


def test_an_hour_back_keeps_no_headline_from_turning_green(jumpy: Scene) -> None:
    unacknowledged(jumpy)
    jumpy.alarm("OK", "ok", name="api-down")
    jumpy.engine.run_due()
    jumpy.clock.advance(-HOUR)
    jumpy.run(5)
    assert jumpy.headline().message.text.startswith(":large_green_circle:")


def test_an_hour_back_while_slack_is_away_keeps_nobody_from_being_called(jumpy: Scene) -> None:
    jumpy.chat.failures.add("post", *[UpstreamError("Slack is away.", retryable=True)] * 200)
    jumpy.alarm("ALARM", "first", name="api-down")
    jumpy.engine.run_due()
    jumpy.clock.advance(-HOUR)
    jumpy.run(5)
    assert [action for action, _ in jumpy.pager.heard] == ["trigger"]


def test_an_hour_back_delays_no_new_attempt(jumpy: Scene) -> None:
    away = UpstreamError("PagerDuty is away.", retryable=True)
    jumpy.pager.failures.add("trigger", *[away] * 8)
    unacknowledged(jumpy)
    jump(jumpy, 30)
    jumpy.clock.advance(-HOUR)
    jumpy.run(240)
    assert [action for action, _ in jumpy.pager.heard] == ["trigger"]
    assert replies(jumpy, "PagerDuty could not be called") == 1


def test_an_hour_back_keeps_the_order_of_what_an_alarm_told(jumpy: Scene) -> None:
    unacknowledged(jumpy)
    jumpy.clock.advance(-HOUR)
    ahead = jumpy.clock.now() + HOUR
    jumpy.alarm("OK", "ok", name="api-down", at=ahead + 30)
    jumpy.run(3)
    jumpy.alarm("ALARM", "again", name="api-down", at=ahead + 90)
    jumpy.alarm("OK", "ok again", name="api-down", at=ahead + 120)
    jumpy.run(5)
    assert all(each.state in LIVE for each in jumpy.incidents())
    assert [member.state for member in body(jumpy).members] == ["OK"]
    quiet(jumpy)


def test_a_restart_after_the_clock_went_back_waits_for_nothing_that_lies_ahead(jumpy: Scene) -> None:
    unacknowledged(jumpy)
    jumpy.engine.stop(1)
    jumpy.clock.advance(-HOUR)
    again = Scene.__new__(Scene)
    again.__dict__.update(jumpy.__dict__)
    again.engine = type(jumpy.engine)(jumpy.store, jumpy.clock, jumpy.engine._machines, workers=2)
    again.run(910)
    assert body(again).level == 2
    again.engine.stop(1)


def test_texts_of_a_time_that_lies_ahead_are_sober(jumpy: Scene) -> None:
    unacknowledged(jumpy)
    jump(jumpy, -HOUR)
    assert "in alarm for 0 s" in texts(jumpy.headline().message)
