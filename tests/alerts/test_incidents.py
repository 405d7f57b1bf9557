"""An incident's thread: what was found, who has it, who was called, and how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import NotFoundError, UpstreamError
from bot.incident import Incident, Phase
from bot.rows import Signal
from tests.fakes import buttons, texts
from tests.scene import ALICE, BOB, DAVE, EVE, Scene

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
    assert "You may not acknowledge or resolve incidents in production" in told
    assert said in told


def test_resolving_ends_it_and_names_who(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    assert phase(scene) == Phase.RESOLVED
    assert scene.headline().message.text.startswith(":large_green_circle:")
    assert f"resolved by <@{ALICE}>" in texts(scene.headline().message)
    assert buttons(scene.headline().message) == {}


def test_an_alarm_that_fires_after_it_was_resolved_is_a_new_incident(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    scene.alarm("ALARM", "m2", name="api-errors")
    scene.run(3)
    assert sorted(row.state for row in scene.incidents()) == [Phase.OPEN, Phase.RESOLVED]


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


def test_remedies_that_do_not_exist_are_not_offered(scene: Scene) -> None:
    open_incident(scene)
    assert sorted(buttons(scene.headline().message)) == ["incident:acknowledge", "incident:resolve"]


def test_a_button_of_a_forgotten_incident_is_noticed(scene: Scene) -> None:
    open_incident(scene)
    assert scene.press_incident("acknowledge")
    scene.press_incident("resolve")
    scene.run(3)
    scene.store.forget(scene.clock.now() + 1)
    assert scene.incidents() == []


# PagerDuty


def test_a_critical_alarm_calls_at_once_with_the_address_of_the_thread(scene: Scene) -> None:
    open_incident(scene, "api-down")
    (row,) = scene.incidents()
    assert scene.pager.events == [("trigger", f"runbook-bot:{row.id}")]
    assert scene.pager.links == [f"https://slack.example.com/C0BI/p{scene.headline().ts}"]


def test_a_call_does_not_wait_for_slack(scene: Scene) -> None:
    scene.chat.failures.add("post", *[UpstreamError("Slack cannot be reached.", retryable=True)] * 9)
    open_incident(scene, "api-down")
    scene.run(2)
    assert [action for action, _ in scene.pager.events] == ["trigger"]
    assert scene.pager.links == [""]


def test_a_high_alarm_calls_when_nobody_has_it_in_time(scene: Scene) -> None:
    open_incident(scene)
    scene.clock.advance(14 * 60)
    scene.run(1)
    assert scene.pager.events == []
    scene.clock.advance(60)
    scene.run(3)
    assert [action for action, _ in scene.pager.events] == ["trigger"]
    scene.clock.advance(3600)
    scene.run(3)
    assert len(scene.pager.events) == 1


def test_nobody_is_called_about_what_somebody_has(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("acknowledge")
    scene.clock.advance(3600)
    scene.run(3)
    assert scene.pager.events == []


def test_pagerduty_is_told_what_happens_here_in_order(scene: Scene) -> None:
    open_incident(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.alarm("OK", "m2")
    scene.run(3)
    assert [action for action, _ in scene.pager.events] == ["trigger", "acknowledge", "resolve"]
    assert len({key for _, key in scene.pager.events}) == 1


def test_whoever_had_it_before_it_recovered_is_not_taken_to_have_it_when_it_fires_again(scene: Scene) -> None:
    open_incident(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.alarm("OK", "m2")
    scene.run(3)
    scene.clock.advance(600)
    scene.alarm("ALARM", "m3")
    scene.run(3)
    assert [action for action, _ in scene.pager.events] == ["trigger", "acknowledge", "resolve", "trigger"]
    assert "incident:acknowledge" in buttons(scene.headline().message)


def test_the_wait_begins_anew_when_it_fires_again(scene: Scene) -> None:
    open_incident(scene)
    scene.clock.advance(300)
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)
    scene.clock.advance(14 * 60)
    scene.alarm("ALARM", "m3", name="api-errors")
    scene.run(3)
    assert scene.pager.events == []
    scene.clock.advance(15 * 60)
    scene.run(3)
    assert len(scene.pager.events) == 1


def test_a_refused_call_is_said_in_the_thread(scene: Scene) -> None:
    scene.pager.failures.add("trigger", UpstreamError("PagerDuty answered 400.", hint="See the routing key."))
    open_incident(scene, "api-down")
    scene.run(3)
    (said,) = [reply.text for reply in scene.thread() if "PagerDuty" in reply.text]
    assert "PagerDuty could not be called: PagerDuty answered 400. See the routing key." in said
    assert "Call the person on duty yourself." in said


def test_pagerduty_being_away_is_said_soon_and_once_and_the_call_is_still_made(scene: Scene) -> None:
    scene.pager.failures.add("trigger", *[AWAY] * 15)
    open_incident(scene, "api-down")
    scene.run(40)
    assert len([reply for reply in scene.thread() if "PagerDuty could not be called" in reply.text]) == 1
    assert scene.pager.events == []
    scene.run(600)
    assert [action for action, _ in scene.pager.events] == ["trigger"]
    assert len([reply for reply in scene.thread() if "PagerDuty could not be called" in reply.text]) == 1


def test_nobody_is_woken_for_what_was_over_before_pagerduty_came_back(scene: Scene) -> None:
    scene.pager.failures.add("trigger", *[AWAY] * 8)
    open_incident(scene, "api-down")
    scene.run(60)
    scene.alarm("OK", "m2")
    scene.run(600)
    assert [action for action, _ in scene.pager.events] == ["resolve"]


def test_an_acknowledgement_pagerduty_refuses_is_said_in_the_thread(scene: Scene) -> None:
    open_incident(scene, "api-down")
    scene.pager.failures.add("acknowledge", UpstreamError("PagerDuty answered 403."))
    scene.press_incident("acknowledge")
    scene.run(3)
    assert any("PagerDuty was not told to acknowledge this" in reply.text for reply in scene.thread())
    scene.alarm("OK", "m2")
    scene.run(3)
    assert [action for action, _ in scene.pager.events] == ["trigger", "resolve"]


def test_a_low_alarm_never_calls(tmp_path: Path) -> None:
    scene = Scene(tmp_path, {"timings": {"page_after": {"critical": "never"}}})
    open_incident(scene, "api-down")
    scene.clock.advance(86400)
    scene.run(1)
    assert scene.pager.events == []
    scene.close()


def test_a_bug_in_showing_an_incident_does_not_keep_anybody_from_being_called(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("alerts.incidents.view.headline", broken)
    scene.alarm("ALARM", "m1")
    scene.run(30)
    assert [action for action, _ in scene.pager.events] == ["trigger"]
