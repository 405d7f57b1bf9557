"""Nobody acknowledges: who is called next, and that something always comes next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.auditor import LATE_SECONDS, complaints
from bot.catalog import Catalog
from bot.domain import Actor, System
from bot.incident import LIVE, Incident, Phase
from bot.rows import NewRow, Row, Signal
from tests.fakes import Shown, texts
from tests.scene import ALICE, BOB, DAVE, Scene, the_systems

LEVELS: list[dict[str, Any]] = [
    {"name": "L1", "who": "on-call engineer", "mention": ["S0ONCALL"], "pagerduty": True},
    {"name": "L2", "who": "tech lead", "mention": ["U0BOB"]},
    {"name": "L3", "who": "CTO", "pagerduty_routing_key_env": "CTO_KEY"},
]


@pytest.fixture
def ladder(tmp_path: Path) -> Any:
    (system,) = the_systems()
    raised = System.model_validate({**system.model_dump(), "on_call": ("S0ONCALL",), "escalation": LEVELS})
    scene = Scene(tmp_path, catalog=Catalog((raised,)))
    yield scene
    scene.close()


def body(scene: Scene) -> Incident:
    return Incident.model_validate(row(scene).body)


def row(scene: Scene) -> Row:
    (found,) = scene.incidents()
    return found


def replies(scene: Scene) -> list[Shown]:
    return scene.chat.thread(f"inc:{row(scene).id}:headline")


def called(scene: Scene) -> list[str]:
    """The levels that were called in the thread, each with its name."""
    return [shown.message.text.split("*")[1] for shown in replies(scene) if ":arrow_up:" in shown.message.text]


def start(scene: Scene, name: str = "api-errors") -> None:
    scene.alarm("ALARM", f"first-{name}", name=name)
    scene.run(3)


def wait(scene: Scene, seconds: float) -> None:
    scene.clock.advance(seconds)
    scene.run(3)


def test_a_critical_alarm_calls_the_first_level_at_once(ladder: Scene) -> None:
    start(ladder, "api-down")
    assert ladder.pager.heard == [("trigger", f"runbook-bot:{row(ladder).id}")]
    assert "L1 was called, nobody has it yet" in texts(ladder.headline().message)


def test_a_high_alarm_mentions_who_is_on_call_and_says_who_is_next(ladder: Scene) -> None:
    start(ladder)
    said = texts(ladder.headline().message)
    assert "<!subteam^S0ONCALL> nobody has it yet; L1 is called at" in said
    assert ladder.pager.heard == []


def test_the_levels_are_called_one_after_the_other_while_nobody_acknowledges(ladder: Scene) -> None:
    start(ladder)
    for expected in (["L1"], ["L1", "L2"], ["L1", "L2", "L3"]):
        wait(ladder, 900)
        assert called(ladder) == expected
    assert [action for action, _ in ladder.pager.heard] == ["trigger", "trigger"]
    assert len({key for _, key in ladder.pager.heard}) == 2


def test_escalations_are_shown_in_the_channel_and_nothing_else_is(ladder: Scene) -> None:
    start(ladder)
    wait(ladder, 900)
    ladder.press_incident("acknowledge", ALICE)
    ladder.run(3)
    assert [":arrow_up:" in shown.message.text for shown in replies(ladder) if shown.broadcast] == [True]


def test_whoever_acknowledges_in_time_is_the_last_who_hears_of_it(ladder: Scene) -> None:
    start(ladder)
    wait(ladder, 600)
    ladder.press_incident("acknowledge", ALICE)
    wait(ladder, 3600)
    assert called(ladder) == []
    assert ladder.pager.heard == []


def test_an_acknowledgement_reaches_every_level_that_was_called(ladder: Scene) -> None:
    start(ladder)
    for _ in range(3):
        wait(ladder, 900)
    ladder.press_incident("acknowledge", ALICE)
    ladder.run(3)
    keys = [key for action, key in ladder.pager.heard if action == "acknowledge"]
    assert sorted(keys) == sorted(key for action, key in ladder.pager.heard if action == "trigger")


def test_after_the_last_level_people_are_reminded_with_growing_pauses(ladder: Scene) -> None:
    start(ladder)
    for _ in range(3):
        wait(ladder, 900)
    pauses = []
    for _ in range(9):
        pauses.append(body(ladder).next_at - ladder.clock.now())
        wait(ladder, pauses[-1] + 1)
    assert pauses == sorted(pauses)
    assert max(pauses) <= 86_400
    assert sum("Nobody has this yet" in shown.message.text for shown in replies(ladder)) >= 8


def test_whoever_has_it_for_long_is_asked_about_it(ladder: Scene) -> None:
    start(ladder)
    ladder.press_incident("acknowledge", ALICE)
    ladder.run(3)
    wait(ladder, 4 * 3600)
    assert f"<@{ALICE}>, this has been open for 4 h" in replies(ladder)[-1].message.text


def test_a_person_calls_the_next_level_at_once(ladder: Scene) -> None:
    start(ladder)
    ladder.press_incident("acknowledge", ALICE)
    ladder.run(3)
    ladder.say("escalate", ALICE)
    assert called(ladder) == ["L1"]
    assert not body(ladder).is_had
    assert f"<@{ALICE}> escalated it" in replies(ladder)[-1].message.text


def test_a_snoozed_incident_is_quiet_until_then_and_open_afterwards(ladder: Scene) -> None:
    start(ladder)
    ladder.say("snooze 2h", ALICE)
    wait(ladder, 7000)
    assert called(ladder) == []
    assert "snoozed until" in texts(ladder.headline().message)
    wait(ladder, 300)
    assert "The snooze is over and it is still in alarm." in replies(ladder)[-1].message.text
    assert not body(ladder).is_had
    wait(ladder, 900)
    assert called(ladder) == ["L1"]


def test_a_snooze_that_ends_while_the_metric_has_no_data_says_so(ladder: Scene) -> None:
    start(ladder)
    ladder.say("snooze 2h", ALICE)
    ladder.alarm("INSUFFICIENT_DATA", "no-data", name="api-errors")
    ladder.run(3)
    wait(ladder, 7300)
    assert "The snooze is over; its metric has no data." in replies(ladder)[-1].message.text


def test_an_incident_is_handed_to_somebody_who_may_work_on_it(ladder: Scene) -> None:
    start(ladder)
    ladder.say(f"hand over <@{BOB}>", ALICE)
    assert body(ladder).acked_by == BOB
    assert f"<@{ALICE}> handed this to <@{BOB}>" in replies(ladder)[-1].message.text
    ladder.say(f"hand over <@{DAVE}>", ALICE)
    assert body(ladder).acked_by == BOB
    assert "It cannot be handed over: dave may not work on incidents" in ladder.said_to(ALICE)[0].text


def test_whoever_takes_over_is_named_with_whoever_had_it(ladder: Scene) -> None:
    start(ladder)
    ladder.press_incident("acknowledge", ALICE)
    ladder.run(3)
    ladder.press_incident("take_over", BOB)
    ladder.run(3)
    assert f"<@{BOB}> has it instead of <@{ALICE}>" in replies(ladder)[-1].message.text


def test_a_second_acknowledgement_is_told_who_has_it(ladder: Scene) -> None:
    start(ladder)
    ladder.press_incident("acknowledge", ALICE)
    ladder.run(3)
    ladder.say("ack", BOB)
    assert "alice has it already" in ladder.said_to(BOB)[0].text


def test_what_was_done_in_pagerduty_shows_and_is_not_sent_back(ladder: Scene) -> None:
    start(ladder, "api-down")
    told = {"event": "acknowledged", "who": "Bob Night", "by": "user", "at": ladder.clock.now(), "to": []}
    ladder.engine.signal(row(ladder).id, Signal("pagerduty", told, key="pd:1"))
    ladder.run(3)
    assert "Bob Night (PagerDuty) has it" in texts(ladder.headline().message)
    ladder.engine.signal(row(ladder).id, Signal("pagerduty", {**told, "event": "resolved"}, key="pd:2"))
    ladder.run(3)
    assert row(ladder).state == Phase.RESOLVED
    assert [action for action, _ in ladder.pager.heard] == ["trigger"]


def test_the_bots_own_calls_come_back_from_pagerduty_and_change_nothing(ladder: Scene) -> None:
    start(ladder, "api-down")
    told = {"event": "acknowledged", "who": "runbook-bot", "by": "integration", "at": 0.0, "to": []}
    ladder.engine.signal(row(ladder).id, Signal("pagerduty", told, key="pd:1"))
    ladder.run(3)
    assert not body(ladder).is_had


def test_an_alarm_that_comes_and_goes_is_one_incident_whose_flaps_are_counted(ladder: Scene) -> None:
    start(ladder)
    for number in range(4):
        wait(ladder, 60)
        ladder.alarm("OK", f"ok-{number}", name="api-errors")
        wait(ladder, 60)
        ladder.alarm("ALARM", f"red-{number}", name="api-errors")
        ladder.run(3)
    said = [shown.message.text for shown in replies(ladder)]
    assert sum("Flapping" in text for text in said) == 1
    assert any("it came back 4 times within minutes" in text for text in said)
    assert sum("fires again" in text for text in said) == 0
    assert len([shown for shown in ladder.chat.posts if not shown.thread_ts]) == 1


def test_nobody_who_has_it_is_called_again_because_it_flaps(ladder: Scene) -> None:
    start(ladder, "api-down")
    ladder.press_incident("acknowledge", ALICE)
    ladder.run(3)
    for number in range(3):
        wait(ladder, 60)
        ladder.alarm("OK", f"ok-{number}", name="api-down")
        wait(ladder, 60)
        ladder.alarm("ALARM", f"red-{number}", name="api-down")
        ladder.run(3)
    assert [action for action, _ in ladder.pager.heard].count("trigger") == 1


def test_an_incident_that_was_calm_for_long_opens_again_in_the_channel(ladder: Scene) -> None:
    start(ladder)
    ladder.alarm("OK", "ok", name="api-errors")
    wait(ladder, 900)
    ladder.alarm("ALARM", "red", name="api-errors")
    ladder.run(3)
    (again,) = [shown for shown in replies(ladder) if "fires again" in shown.message.text]
    assert again.broadcast


STORY = st.lists(
    st.sampled_from(
        ["ALARM", "OK", "INSUFFICIENT_DATA", "acknowledge", "resolve", "escalate", "snooze", "wait", "day"]
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(story=STORY)
def test_every_live_incident_has_its_next_step_whatever_happens(
    story: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    scene = Scene(tmp_path_factory.mktemp("story"))
    try:
        start(scene)
        for number, act in enumerate(story):
            scene.clock.advance(7)
            incident = scene.incidents()[0]
            if act in ("ALARM", "OK", "INSUFFICIENT_DATA"):
                scene.alarm(act, f"m{number}", name="api-errors")
            elif act in ("wait", "day"):
                scene.clock.advance(1000 if act == "wait" else 90_000)
            else:
                carried = f"{incident.id}:snooze:1800" if act == "snooze" else incident.id
                action = "incident:more" if act == "snooze" else f"incident:{act}"
                scene.front.press(action, carried, Actor(user=ALICE), key=f"k{number}")
            scene.run(2)
            assert complaints(scene.store, scene.clock.now()) == []
            for each in scene.incidents():
                # What was resolved while it was red is looked at once more.
                assert each.state == Phase.RESOLVED or (each.state in LIVE) == (each.due_at is not None)
    finally:
        scene.close()


def test_an_incident_without_a_next_step_is_complained_about(ladder: Scene) -> None:
    start(ladder)
    assert complaints(ladder.store, ladder.clock.now()) == []
    assert complaints(ladder.store, body(ladder).next_at + 600) != []


def test_an_incident_that_opens_in_this_instant_is_not_complained_about(ladder: Scene) -> None:
    start(ladder)
    (row,) = ladder.incidents()
    ladder.store.add(NewRow(kind=row.kind, key="new", state=Phase.OPENING, body=row.body), ladder.clock.now())
    assert complaints(ladder.store, ladder.clock.now()) == []
    ladder.clock.advance(LATE_SECONDS + 1)
    assert len(complaints(ladder.store, ladder.clock.now())) == 1


def test_an_incident_that_comes_and_goes_is_escalated_all_the_same(ladder: Scene) -> None:
    start(ladder)
    for number in range(12):
        wait(ladder, 180)
        ladder.alarm("OK", f"ok-{number}", name="api-errors")
        wait(ladder, 90)
        ladder.alarm("ALARM", f"red-{number}", name="api-errors")
        ladder.run(3)
    assert called(ladder)[:2] == ["L1", "L2"]


def test_what_flaps_rings_once(ladder: Scene) -> None:
    start(ladder, "api-down")
    wait(ladder, 60)
    ladder.alarm("OK", "ok", name="api-down")
    wait(ladder, 60)
    ladder.alarm("ALARM", "red", name="api-down")
    ladder.run(3)
    assert [action for action, _ in ladder.pager.heard].count("trigger") == 1


def test_a_level_that_shares_its_routing_key_rings_by_a_new_alert(scene: Scene) -> None:
    start(scene, "api-down")
    scene.press_incident("acknowledge", ALICE)
    scene.run(3)
    scene.say("escalate", ALICE)
    assert [action for action, _ in scene.pager.heard] == ["trigger", "acknowledge", "resolve", "trigger"]


def test_something_graver_is_heard_of_by_whoever_slept_on_it(ladder: Scene) -> None:
    start(ladder)
    ladder.say("snooze 4h", ALICE)
    ladder.alarm("ALARM", "worse", name="api-down")
    ladder.run(5)
    assert [action for action, _ in ladder.pager.heard] == ["trigger"]
    assert f"<@{ALICE}> `api-down` joined: this is CRITICAL now." in "\n".join(r.message.text for r in replies(ladder))
    assert "`api-down`" in texts(ladder.headline().message)


def test_what_is_resolved_in_pagerduty_is_over_for_every_level(ladder: Scene) -> None:
    start(ladder)
    for _ in range(3):
        wait(ladder, 900)
    told = {"event": "resolved", "who": "Bob Night", "by": "user", "at": ladder.clock.now(), "to": [], "level": 1}
    ladder.engine.signal(row(ladder).id, Signal("pagerduty", told, key="pd:1"))
    ladder.run(3)
    assert [action for action, _ in ladder.pager.heard] == ["trigger", "trigger", "resolve"]


def test_a_call_without_a_routing_key_is_told_in_the_thread(scene: Scene) -> None:
    scene.pager.silent.add("")
    start(scene, "api-down")
    said = "\n".join(shown.message.text for shown in replies(scene))
    assert "PagerDuty could not be called: There is no routing key in PAGERDUTY_ROUTING_KEY." in said


def test_whoever_had_the_one_has_the_other_after_a_merge(scene: Scene) -> None:
    start(scene, "api-down")
    scene.clock.advance(400)
    scene.alarm("ALARM", "other", name="jobs-errors")
    scene.run(3)
    jobs, api = scene.incidents()
    scene.engine.signal(api.id, Signal("acknowledge", {"user": ALICE}, key="a"))
    scene.run(3)
    scene.engine.signal(api.id, Signal("merge", {"user": ALICE, "into": jobs.id}, key="m"))
    scene.run(5)
    left = scene.store.get(jobs.id)
    assert left is not None
    assert left.body["acked_by"] == ALICE
    assert [action for action, _ in scene.pager.heard].count("trigger") == 1
