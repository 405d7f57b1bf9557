"""Who is called, when, and what is said when nobody could be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import UpstreamError
from bot.paging import Link
from tests.fakes import buttons
from tests.scene import Scene

AWAY = UpstreamError("PagerDuty could not be reached.", retryable=True)


def open_incident(scene: Scene, name: str = "api-errors") -> None:
    scene.alarm("ALARM", f"first-{name}", name=name)
    scene.run(3)


def test_a_critical_alarm_calls_at_once_with_the_address_of_the_thread(scene: Scene) -> None:
    open_incident(scene, "api-down")
    (row,) = scene.incidents()
    assert scene.pager.heard == [("trigger", f"runbook-bot:{row.id}")]
    assert scene.pager.links[:1] == [f"https://slack.example.com/C0BI/p{scene.headline().ts}"]


def test_a_call_does_not_wait_for_slack(scene: Scene) -> None:
    scene.chat.failures.add("post", *[UpstreamError("Slack cannot be reached.", retryable=True)] * 9)
    open_incident(scene, "api-down")
    scene.run(2)
    assert [action for action, _ in scene.pager.heard] == ["trigger"]
    assert scene.pager.links[:1] == [""]


def test_a_high_alarm_calls_when_nobody_has_it_in_time(scene: Scene) -> None:
    open_incident(scene)
    scene.clock.advance(14 * 60)
    scene.run(1)
    assert scene.pager.heard == []
    scene.clock.advance(60)
    scene.run(3)
    assert [action for action, _ in scene.pager.heard] == ["trigger"]
    scene.clock.advance(3600)
    scene.run(3)
    assert len(scene.pager.heard) == 1


def test_nobody_is_called_about_what_somebody_has(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("acknowledge")
    scene.clock.advance(3600)
    scene.run(3)
    assert scene.pager.heard == []


def test_pagerduty_is_told_what_happens_here_in_order(scene: Scene) -> None:
    open_incident(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.alarm("OK", "m2")
    scene.run(310)
    assert [action for action, _ in scene.pager.heard] == ["trigger", "acknowledge", "resolve"]
    assert len({key for _, key in scene.pager.heard}) == 1


def test_whoever_had_it_before_it_recovered_is_not_taken_to_have_it_when_it_fires_again(scene: Scene) -> None:
    open_incident(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.alarm("OK", "m2")
    scene.run(3)
    scene.clock.advance(600)
    scene.alarm("ALARM", "m3")
    scene.run(3)
    assert [action for action, _ in scene.pager.heard] == ["trigger", "acknowledge", "resolve", "trigger"]
    assert "incident:acknowledge" in buttons(scene.headline().message)


def test_the_wait_begins_anew_when_it_fires_again(scene: Scene) -> None:
    open_incident(scene)
    scene.clock.advance(300)
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)
    scene.clock.advance(14 * 60)
    scene.alarm("ALARM", "m3", name="api-errors")
    scene.run(3)
    assert scene.pager.heard == []
    scene.clock.advance(15 * 60)
    scene.run(3)
    assert len(scene.pager.heard) == 1


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
    assert scene.pager.heard == []
    scene.run(600)
    assert [action for action, _ in scene.pager.heard] == ["trigger"]
    assert len([reply for reply in scene.thread() if "PagerDuty could not be called" in reply.text]) == 1


def test_nobody_is_woken_for_what_was_over_before_pagerduty_came_back(scene: Scene) -> None:
    scene.pager.failures.add("trigger", *[AWAY] * 8)
    open_incident(scene, "api-down")
    scene.run(60)
    scene.alarm("OK", "m2")
    scene.run(600)
    assert [action for action, _ in scene.pager.heard] == ["acknowledge", "resolve"]


def test_a_call_still_owed_is_told_before_that_somebody_has_it(scene: Scene) -> None:
    scene.pager.failures.add("trigger", *[AWAY] * 8)
    open_incident(scene, "api-down")
    scene.run(60)
    scene.press_incident("acknowledge")
    scene.run(600)
    assert [action for action, _ in scene.pager.heard] == ["trigger", "acknowledge"]


def test_nobody_is_woken_for_what_a_person_resolved_before_pagerduty_came_back(scene: Scene) -> None:
    scene.pager.failures.add("trigger", *[AWAY] * 8)
    open_incident(scene, "api-down")
    scene.run(60)
    scene.press_incident("acknowledge")
    scene.press_incident("resolve")
    scene.run(600)
    assert [action for action, _ in scene.pager.heard] == ["acknowledge", "resolve"]


def test_an_acknowledgement_pagerduty_refuses_is_said_in_the_thread(scene: Scene) -> None:
    open_incident(scene, "api-down")
    scene.pager.failures.add("acknowledge", UpstreamError("PagerDuty answered 403."))
    scene.press_incident("acknowledge")
    scene.run(3)
    assert any("PagerDuty was not told to acknowledge this" in reply.text for reply in scene.thread())
    scene.alarm("OK", "m2")
    scene.run(310)
    assert [action for action, _ in scene.pager.heard] == ["trigger", "resolve"]


def test_a_low_alarm_never_calls(tmp_path: Path) -> None:
    scene = Scene(tmp_path, {"severities": {"critical": {"route": "slack", "within": "never"}}})
    open_incident(scene, "api-down")
    scene.clock.advance(86400)
    scene.run(1)
    assert scene.pager.heard == []
    scene.close()


def test_a_bug_in_showing_an_incident_does_not_keep_anybody_from_being_called(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("alerts.incidents.view.headline", broken)
    scene.alarm("ALARM", "m1")
    scene.run(30)
    assert [action for action, _ in scene.pager.heard] == ["trigger"]


def test_the_picture_of_the_alarm_follows_the_call(tmp_path: Path) -> None:
    scene = Scene(tmp_path, illustrate=lambda incident, alarm, target: Link("https://x.example.com/g.png", alarm.name))
    open_incident(scene, "api-down")
    scene.run(10)
    assert [call.images for call in scene.pager.calls] == [(), (Link("https://x.example.com/g.png", "api-down"),)]
    scene.close()
