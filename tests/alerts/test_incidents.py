"""An incident's thread: what was found, who has it, who was called, and how it ended."""

from __future__ import annotations

import pytest

from bot.domain import Actor
from bot.errors import NotFoundError, UpstreamError
from bot.incident import Incident, Phase
from bot.rows import Signal
from bot.settings.models import Timings
from commands import COMMANDS
from tests.fakes import buttons, texts
from tests.scene import ALICE, BOB, DAVE, EVE, Scene

REMIND = Timings().remind
AWAY = UpstreamError("AWS did not answer.", retryable=True)


def phase(scene: Scene) -> str:
    (row,) = scene.incidents()
    return row.state


def body(scene: Scene) -> Incident:
    (row,) = scene.incidents()
    return Incident.model_validate(row.body)


def open_incident(scene: Scene, name: str = "api-errors") -> None:
    scene.alarm("ALARM", f"first-{name}", name=name)
    scene.run(3)


# findings


def test_the_thread_has_the_findings_of_every_step(scene: Scene) -> None:
    scene.logs.lines["/ecs/api"] = []
    open_incident(scene)
    (found,) = scene.thread()
    said = texts(found)
    assert "strongest first" in said
    assert all(title in said for title in ("Stopped tasks", "Log errors", "Tasks", "Changes"))


def test_a_step_that_breaks_silences_no_other(scene: Scene) -> None:
    scene.ecs.failures.add("stopped_tasks", ZeroDivisionError("a bug"))
    scene.ecs.failures.add("service_deployments", NotFoundError("ECS keeps no record."))
    scene.logs.failures.add("search /ecs/api", AWAY)
    open_incident(scene)
    said = texts(scene.thread()[0])
    assert "*Stopped tasks* could not be looked at: the step itself failed; it is in the bot's log" in said
    assert "a bug" not in said
    assert "AWS did not answer." in said
    assert "ECS's own record could not be read: ECS keeps no record." in said
    assert "2 of 2 tasks run" in said


def test_a_step_that_hangs_is_said_to(scene: Scene) -> None:
    scene.ecs.failures.add("stopped_tasks", TimeoutError())
    open_incident(scene)
    assert "could not be looked at: no answer within 4 s" in texts(scene.thread()[0])


def test_steps_that_failed_come_last(scene: Scene) -> None:
    scene.logs.lines["/ecs/api"] = []
    scene.ecs.failures.add("stopped_tasks", AWAY)
    open_incident(scene)
    assert "*Stopped tasks* could not be looked at" in scene.thread()[0].blocks[-1]["text"]["text"]


def test_a_deployment_just_before_the_alarm_is_suspected(scene: Scene) -> None:
    scene.deploy()
    scene.ecs.settle(scene.api)
    scene.run(120)
    open_incident(scene)
    assert "*Suspected:*" in texts(scene.headline().message)
    assert "Deploy bi/api production → v2 by alice" in texts(scene.headline().message)


def test_findings_that_were_being_gathered_when_the_bot_died_are_posted_once(scene: Scene) -> None:
    scene.ecs.failures.add("stopped_tasks", KeyboardInterrupt())
    scene.alarm("ALARM", "m1", name="api-errors")
    with pytest.raises(KeyboardInterrupt):
        scene.run()
    scene.store.release()
    scene.run(3)
    assert len(scene.thread()) == 1
    assert len(scene.chat.posts) == 2


# people


def test_whoever_acknowledges_has_it(scene: Scene) -> None:
    open_incident(scene)
    assert "nobody has it yet" in texts(scene.headline().message)
    scene.press_incident("acknowledge", BOB)
    scene.run(3)
    assert f"<@{BOB}> has it" in texts(scene.headline().message)
    assert "incident:acknowledge" not in buttons(scene.headline().message)
    assert any(f"<@{BOB}> has it" in reply.text for reply in scene.thread())


def test_a_second_acknowledgement_changes_nothing(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("acknowledge", BOB)
    scene.press_incident("acknowledge", ALICE)
    scene.run(3)
    assert body(scene).acked_by == BOB


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
@pytest.mark.parametrize(
    ("user", "said"),
    [(DAVE, "Who may: on-call"), (EVE, "you are from another company here")],
)
def test_whoever_may_not_is_told_alone(scene: Scene, action: str, user: str, said: str) -> None:
    open_incident(scene)
    scene.press_incident(action, user)
    scene.run(3)
    assert phase(scene) == Phase.OPEN
    assert body(scene).acked_by == ""
    told = scene.said_to(user)[0].text
    assert "You may not work on incidents or silence alarms in production" in told
    assert said in told


def test_resolving_ends_it_and_names_who(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    assert phase(scene) == Phase.RESOLVED
    assert scene.headline().message.text.startswith(":ballot_box_with_check:")
    assert any("still in alarm: `api-errors`" in reply.text for reply in scene.thread())
    assert f"resolved by <@{ALICE}>" in texts(scene.headline().message)
    assert buttons(scene.headline().message) == {}


def test_an_alarm_that_fires_after_it_was_resolved_is_a_new_incident(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    scene.alarm("ALARM", "m2", name="api-errors")
    scene.run(3)
    assert sorted(row.state for row in scene.incidents()) == [Phase.OPEN, Phase.RESOLVED]


def test_an_alarm_that_stays_red_long_after_it_was_resolved_is_a_new_incident(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    scene.clock.advance(REMIND - 60)
    scene.run(3)
    assert phase(scene) == Phase.RESOLVED
    scene.clock.advance(60)
    scene.run(3)
    new, old = scene.incidents()
    assert (new.state, old.state) == (Phase.OPEN, Phase.RESOLVED)
    assert Incident.model_validate(new.body).alarm.reason.startswith("Still in ALARM since its incident was resolved.")
    said = [shown.message.text for shown in scene.chat.thread(f"inc:{old.id}:headline")]
    assert [text for text in said if "Still in alarm long after this was resolved: `api-errors`" in text]
    assert old.due_at is None
    # That one may be resolved in its turn.
    scene.front.press("incident:resolve", new.id, Actor(user=ALICE), key="again")
    scene.run(3)
    scene.clock.advance(REMIND)
    scene.run(3)
    assert [row.state for row in scene.incidents()] == [Phase.OPEN, Phase.RESOLVED, Phase.RESOLVED]


def test_an_alarm_that_was_ok_since_it_was_resolved_is_not_taken_up_again(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)
    scene.clock.advance(REMIND)
    scene.run(3)
    assert phase(scene) == Phase.RESOLVED


def test_what_ecs_told_of_a_moment_is_not_taken_up_again(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors", source="ecs")
    scene.run(3)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    scene.clock.advance(REMIND)
    scene.run(3)
    assert phase(scene) == Phase.RESOLVED


def test_an_alarm_that_fired_again_since_it_was_resolved_stays_in_its_incident(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    for state in ("OK", "ALARM"):
        scene.alarm(state, f"then {state}", name="api-errors")
        scene.run(3)
    scene.clock.advance(REMIND)
    scene.run(3)
    assert sorted(row.state for row in scene.incidents()) == [Phase.OPEN, Phase.RESOLVED]
    assert {Incident.model_validate(row.body).fired for row in scene.incidents()} == {1}


def test_what_is_asked_of_a_resolved_incident_does_not_keep_it_from_looking_again(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    scene.say("timeline")
    (row,) = scene.incidents()
    scene.engine.signal(row.id, Signal("from the future"))
    scene.clock.advance(REMIND)
    scene.run(90)
    assert sorted(each.state for each in scene.incidents()) == [Phase.OPEN, Phase.RESOLVED]


def test_somebody_slack_cannot_name_does_not_hold_up_the_recovery(scene: Scene) -> None:
    open_incident(scene)
    scene.chat.failures.add("person", *[UpstreamError("Slack refused users.info.")] * 9)
    scene.press_incident("acknowledge", BOB)
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(5)
    assert phase(scene) == Phase.RECOVERED
    assert "Slack refused users.info." in scene.said_to(BOB)[0].text


def test_a_signal_this_version_does_not_know_stops_nothing_for_ever(scene: Scene) -> None:
    open_incident(scene)
    (row,) = scene.incidents()
    scene.engine.signal(row.id, Signal("from the future"))
    scene.run(20)
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)
    assert phase(scene) == Phase.RECOVERED


def test_a_press_that_fails_takes_no_news_of_an_alarm_with_it(scene: Scene) -> None:
    open_incident(scene)
    (row,) = scene.incidents()
    scene.engine.signal(row.id, Signal("snooze", {"user": ALICE, "seconds": "soon"}))
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(90)
    assert phase(scene) == Phase.RECOVERED
    assert "Something went wrong inside the bot" in scene.said_to(ALICE)[0].text


def test_remedies_are_the_commands_there_are(scene: Scene) -> None:
    open_incident(scene)
    offered = {name.removeprefix("remedy:") for name in buttons(scene.headline().message) if name.startswith("remedy:")}
    assert offered == {"rollback", "restart", "scale"} & set(COMMANDS)


def test_what_runs_no_tasks_is_neither_restarted_nor_scaled(scene: Scene) -> None:
    open_incident(scene, "jobs-errors")
    assert [name for name in buttons(scene.headline().message) if name.startswith("remedy:")] == ["remedy:rollback"]


def test_a_button_of_a_forgotten_incident_is_noticed(scene: Scene) -> None:
    open_incident(scene)
    assert scene.press_incident("acknowledge")
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)
    scene.press_incident("resolve")
    scene.run(3)
    scene.store.forget(scene.clock.now() + 1)
    assert scene.incidents() == []
