"""Alarms that people move between incidents while something about them is on its way."""

from __future__ import annotations

import pytest

from bot.domain import AlarmState
from bot.engine import Lease
from bot.incident import LIVE, Incident, Phase
from bot.rows import Row, Signal
from tests.fakes import texts
from tests.scene import ALICE, BOB, Scene

ARN = "arn:aws:cloudwatch:eu-west-1:1:alarm:"


def alone(scene: Scene, name: str) -> Row:
    """An incident of its own for an alarm."""
    scene.clock.advance(3600)
    scene.alarm("ALARM", f"first-{name}", name=name)
    scene.run(5)
    return scene.incidents()[0]


def together(scene: Scene) -> Row:
    """One incident of two alarms."""
    row = alone(scene, "api-errors")
    scene.alarm("ALARM", "second", name="api-down")
    scene.run(5)
    return row


def tell(scene: Scene, row: Row, name: str, **payload: object) -> None:
    scene.engine.signal(row.id, Signal(name, {"user": ALICE, **payload}, key=f"{row.id}:{name}"))


def move(scene: Scene, *kinds: str) -> None:
    """Do what is due of some kinds of rows only."""
    while claimed := scene.store.claim(kinds, owner="x", lease=60, limit=1, now=scene.clock.now()):
        scene.engine._advance(claimed[0])


def now(scene: Scene, row: Row) -> tuple[str, Incident]:
    found = scene.store.get(row.id)
    assert found is not None
    return found.state, Incident.model_validate(found.body)


def live(scene: Scene) -> list[tuple[str, AlarmState]]:
    """The alarms of live incidents, each with its state there."""
    rows = scene.store.rows("incident", states=LIVE)
    return sorted((each.alarm_name, each.state) for row in rows for each in Incident.model_validate(row.body).members)


def cross(scene: Scene) -> tuple[Row, Row]:
    """Two incidents that were merged into each other, at once; the older first."""
    first, second = alone(scene, "api-down"), alone(scene, "jobs-errors")
    tell(scene, first, "merge", into=second.id)
    tell(scene, second, "merge", into=first.id)
    # Both decide before either has heard of the other.
    claimed = scene.store.claim(["incident"], owner="x", lease=60, limit=2, now=scene.clock.now())
    assert len(claimed) == 2
    machine, leases = scene.engine._machines["incident"], [Lease(scene.store, scene.clock, row) for row in claimed]
    both = zip(claimed, leases, strict=True)
    steps = [machine.advance(row, scene.store.pending(row.id), lease) for row, lease in both]
    for row, step in zip(claimed, steps, strict=True):
        scene.store.save(row, step, scene.clock.now())
    return first, second


@pytest.mark.parametrize("triage_looks", [False, True])
def test_of_two_incidents_that_are_merged_into_each_other_the_older_goes_on(scene: Scene, triage_looks: bool) -> None:
    first, second = cross(scene)
    if triage_looks:
        scene.alarm("ALARM", "elsewhere", name="nobodys")
        move(scene, "alarm", "triage")
    before = len(scene.pager.heard)
    scene.run(10)
    assert (now(scene, first)[0], now(scene, second)[0]) == (Phase.OPEN, Phase.MERGED)
    both = [("api-down", AlarmState.ALARM), ("jobs-errors", AlarmState.ALARM)]
    assert [each for each in live(scene) if each[0] != "nobodys"] == both
    assert len(scene.incidents()) == 2 + triage_looks
    assert [action for action, _ in scene.pager.heard[before:]].count("trigger") <= 1
    said = [shown.message.text for shown in scene.chat.thread(f"inc:{first.id}:headline")]
    assert "Both go on here." in "\n".join(said)
    scene.alarm("OK", "ok", name="jobs-errors")
    scene.alarm("OK", "ok-too", name="api-down")
    scene.run(3)
    assert now(scene, first)[0] == Phase.RECOVERED


def test_what_was_merged_into_this_one_is_not_merged_with_again(scene: Scene) -> None:
    first, second = alone(scene, "api-errors"), alone(scene, "jobs-errors")
    tell(scene, first, "merge", into=second.id)
    scene.run(3)
    scene.engine.signal(second.id, Signal("merge", {"user": BOB, "into": first.id}, key="back"))
    scene.run(3)
    assert "That one has been merged into this one already." in scene.said_to(BOB)[0].text
    headline = scene.chat.by_key(f"inc:{second.id}:headline")
    (said,) = [each.message.text for each in scene.chat.thread(f"inc:{first.id}:headline") if ":merge:" in each.key]
    assert f"<https://slack.example.com/C0BI/p{headline.ts}|Go on there>." in said


def test_an_alarm_that_comes_to_an_incident_that_is_over_opens_another_though_it_did_not_fire_again(
    scene: Scene,
) -> None:
    first, second = alone(scene, "api-errors"), alone(scene, "jobs-errors")
    tell(scene, first, "merge", into=second.id)
    tell(scene, second, "resolve")
    claimed = scene.store.claim(["incident"], owner="x", lease=60, limit=1, now=scene.clock.now())
    assert [row.id for row in claimed] == [first.id]
    scene.engine._advance(claimed[0])
    # Somebody pressed "Resolve" before the other's alarms arrived.
    assert [signal.name for signal in scene.store.pending(second.id)] == ["resolve", "absorb"]
    scene.run(10)
    assert live(scene) == [("api-errors", AlarmState.ALARM)]
    assert len(scene.incidents()) == 3


def test_an_alarm_that_is_split_off_after_it_recovered_calls_nobody_and_is_green(scene: Scene) -> None:
    row = together(scene)
    scene.alarm("OK", "ok", name="api-down")
    scene.run(3)
    before = list(scene.pager.heard)
    tell(scene, row, "split", alarm="api-down")
    scene.run(5)
    new = scene.incidents()[0]
    assert new.id != row.id
    assert new.state == Phase.RECOVERED
    assert scene.chat.by_key(f"inc:{new.id}:headline").message.text.startswith(":large_green_circle:")
    assert any("is OK again" in shown.message.text for shown in scene.chat.thread(f"inc:{new.id}:headline"))
    assert [key for action, key in scene.pager.heard if new.id in key] == []
    assert scene.pager.heard[: len(before)] == before
    scene.alarm("ALARM", "again", name="api-down")
    scene.run(5)
    assert scene.incidents()[0].state == Phase.OPEN


@pytest.mark.parametrize("elsewhere", [False, True])
def test_whoever_had_an_alarm_has_it_when_it_is_split_off_and_nobody_is_called(scene: Scene, elsewhere: bool) -> None:
    row = together(scene)
    if elsewhere:
        scene.engine.signal(row.id, Signal("pagerduty", {"event": "acknowledged", "who": "Carol"}, key="pd"))
    else:
        tell(scene, row, "acknowledge")
    scene.run(3)
    tell(scene, row, "split", alarm="api-down")
    scene.run(5)
    new = scene.incidents()[0]
    owner = "Carol (PagerDuty)" if elsewhere else f"<@{ALICE}>"
    assert f"{owner} has it" in texts(scene.chat.by_key(f"inc:{new.id}:headline").message)
    assert [key for _, key in scene.pager.heard if new.id in key] == []
    scene.clock.advance(4 * 3600)
    scene.run(3)
    assert [key for _, key in scene.pager.heard if new.id in key] == []


def test_an_alarm_that_recovers_while_it_is_split_off_is_green_in_its_own_incident(scene: Scene) -> None:
    row = together(scene)
    tell(scene, row, "split", alarm="api-down")
    scene.alarm("OK", "ok", name="api-down")
    # Triage passes the OK on before the incident has heard of the split.
    move(scene, "alarm", "triage")
    assert [signal.name for signal in scene.store.pending(row.id)] == ["split", "quiet"]
    scene.run(5)
    assert live(scene) == [("api-down", AlarmState.OK), ("api-errors", AlarmState.ALARM)]
    assert scene.incidents()[0].state == Phase.RECOVERED


def test_an_alarm_that_fires_again_while_it_is_split_off_is_counted_in_its_own_incident(scene: Scene) -> None:
    row = together(scene)
    tell(scene, row, "split", alarm="api-down")
    scene.run(5)
    told = scene.store.by_key("alarm", f"{ARN}api-down#")
    assert told is not None
    fired = {"key": told.key, "alarm": told.body["last"], "target": "bi/production/api", "severity": "critical"}
    scene.engine.signal(row.id, Signal("fired", fired, key="late"))
    scene.run(5)
    assert [each.fired for each in now(scene, scene.incidents()[0])[1].members] == [2]
    assert [each.name for each in now(scene, row)[1].members] == ["api-errors"]


def test_an_alarm_that_recovers_while_its_incident_is_merged_is_green_in_the_other(scene: Scene) -> None:
    first, second = alone(scene, "api-errors"), alone(scene, "jobs-errors")
    tell(scene, first, "merge", into=second.id)
    told = {"key": f"{ARN}api-errors#", "state": "OK", "at": scene.clock.now(), "reason": "calm"}
    scene.engine.signal(first.id, Signal("quiet", told))
    scene.run(5)
    assert live(scene) == [("api-errors", AlarmState.OK), ("jobs-errors", AlarmState.ALARM)]


def test_an_alarm_that_joins_an_incident_while_it_is_merged_is_in_the_other(scene: Scene) -> None:
    first, second = alone(scene, "api-errors"), alone(scene, "jobs-errors")
    scene.metrics.states["api-down"] = "ALARM"
    scene.alarm("ALARM", "late", name="api-down", at=first.body["opened_at"] + 60)
    tell(scene, first, "merge", into=second.id)
    # Triage puts it into the first before that one has heard of the merger.
    move(scene, "alarm", "triage")
    assert [signal.name for signal in scene.store.pending(first.id)] == ["merge", "joined"]
    scene.run(10)
    assert now(scene, first)[0] == Phase.MERGED
    assert [name for name, _ in live(scene)] == ["api-down", "api-errors", "jobs-errors"]
    (kept,) = [each for each in now(scene, second)[1].members if each.name == "api-down"]
    assert kept.why == "its incident was merged"
    assert ("trigger", f"runbook-bot:{second.id}") in scene.pager.heard


def test_what_is_sent_to_an_incident_that_never_had_that_alarm_goes_round_once_and_no_more(scene: Scene) -> None:
    row = alone(scene, "api-errors")
    told = {"key": f"{ARN}api-errors#", "state": "OK", "at": scene.clock.now(), "reason": "calm"}
    scene.engine.signal(row.id, Signal("quiet", {**told, "key": f"{ARN}unknown#"}))
    scene.engine.signal(row.id, Signal("quiet", {**told, "key": f"{ARN}api-errors#x", "sought": 1}))
    scene.run(5)
    assert scene.store.pending(row.id) == []
    assert live(scene) == [("api-errors", AlarmState.ALARM)]


def test_an_incident_takes_as_many_alarms_as_it_shows_and_the_next_opens_another(scene: Scene) -> None:
    for number in range(203):
        scene.alarm("ALARM", f"m{number}", name=f"nobodys-{number}")
    scene.run(40)
    sizes = [len(Incident.model_validate(row.body).members) for row in scene.incidents()]
    assert sorted(sizes) == [3, 200]
    listed = texts(scene.chat.by_key(f"inc:{scene.incidents()[-1].id}:alarms").message)
    assert "200 alarms in this incident" in listed


def test_whoever_is_told_to_go_on_elsewhere_may_press_the_old_button(scene: Scene) -> None:
    first, second = alone(scene, "api-errors"), alone(scene, "jobs-errors")
    tell(scene, first, "merge", into=second.id)
    scene.run(5)
    scene.engine.signal(first.id, Signal("acknowledge", {"user": BOB}, key="late"))
    scene.run(3)
    assert "This incident is over (merged)." in scene.said_to(BOB)[-1].text
