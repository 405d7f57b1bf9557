"""Levels of escalation and findings that come late: each alert through its own key, each thing told once, in order."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.pages import KIND, PATIENCE, page
from bot.domain import Alarm, AlarmMetric, AlarmState, Finding, Severity
from bot.errors import UpstreamError
from bot.incident import Incident, headline_key
from bot.paging import Link
from bot.ports import Message
from bot.posts import post
from bot.rows import NewRow, Row
from tests.fake_paging import FakePager
from tests.fakes import NOON
from tests.scene import Scene

AWAY = UpstreamError("PagerDuty could not be reached.", retryable=True)
FOUND = (Finding(step="log_errors", title="Log errors", summary="41 times OutOfMemory", lines=("a", "b"), weight=90),)
ALARM = Alarm(
    arn="arn:aws:cloudwatch:eu-west-1:1:alarm:api-down",
    name="api-down",
    state=AlarmState.ALARM,
    reason="Threshold Crossed",
    at=NOON,
    region="eu-west-1",
)


def incident(**changes: Any) -> Incident:
    return Incident(**({"alarm": ALARM, "severity": Severity.CRITICAL, "channel": "#bi", "opened_at": NOON} | changes))


def owe(scene: Scene, action: str, level: int = 0, env: str = "BI_KEY", told: Incident | None = None) -> None:
    scene.engine.add(page("inc1", told or incident(), env, action, level))


@pytest.fixture
def open_incident(scene: Scene) -> Scene:
    """A scene with the headline of ``inc1``, and a row that takes in what the incident is told."""
    scene.engine.add(post(headline_key("inc1"), "#bi", Message(text="headline")))
    scene.store.add(
        NewRow(kind="listener", key="inc1", state="open", body={}, due_at=None, id="inc1"), scene.clock.now()
    )
    scene.run(2)
    return scene


def row(scene: Scene, key: str = "inc1") -> Row:
    found = scene.store.by_key(KIND, key)
    assert found is not None
    return found


def heard(scene: Scene) -> list[str]:
    return [signal.name for signal in scene.store.pending("inc1")]


# levels


def test_each_level_with_a_key_of_its_own_has_its_own_alert(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    owe(open_incident, "trigger", 1, "CHIEFS_KEY")
    open_incident.run(1)
    assert open_incident.pager.events == [("trigger", "runbook-bot:inc1"), ("trigger", "runbook-bot:inc1:1")]
    assert open_incident.pager.keys == ["BI_KEY", "CHIEFS_KEY"]
    assert heard(open_incident) == ["called", "called"]


def test_an_acknowledgement_reaches_each_alert_through_the_key_that_opened_it(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    owe(open_incident, "trigger", 1, "CHIEFS_KEY")
    open_incident.run(1)
    for action in ("acknowledge", "resolve"):
        for level in (0, 1):
            owe(open_incident, action, level, "KEY_OF_ANOTHER_DAY")
        open_incident.run(1)
    pager = open_incident.pager
    for key, env in (("runbook-bot:inc1", "BI_KEY"), ("runbook-bot:inc1:1", "CHIEFS_KEY")):
        mine = [(action, used) for (action, dedup), used in zip(pager.events, pager.keys, strict=True) if dedup == key]
        assert mine == [("trigger", env), ("acknowledge", env), ("resolve", env)]


def test_a_level_that_goes_through_the_first_key_opens_no_second_alert(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    open_incident.run(1)
    owe(open_incident, "trigger", 1)
    open_incident.run(1)
    assert {key for _, key in open_incident.pager.events} == {"runbook-bot:inc1"}


def test_after_it_is_over_the_next_call_goes_through_the_key_of_the_day(open_incident: Scene) -> None:
    for action, env in (("trigger", "OLD"), ("resolve", "NEW"), ("trigger", "NEW"), ("resolve", "NEW")):
        owe(open_incident, action, env=env)
        open_incident.run(1)
    assert open_incident.pager.keys == ["OLD", "OLD", "NEW", "NEW"]


def test_a_level_that_could_not_be_called_is_told_in_the_thread_beside_the_others(open_incident: Scene) -> None:
    open_incident.pager.failures.add("trigger", *[UpstreamError("PagerDuty answered 400.")] * 2)
    owe(open_incident, "trigger")
    owe(open_incident, "trigger", 1, "CHIEFS_KEY")
    open_incident.run(5)
    said = [reply.message.text for reply in open_incident.chat.thread(headline_key("inc1"))]
    assert len([text for text in said if "Call the person on duty yourself." in text]) == 2


def test_a_level_without_a_routing_key_calls_nobody_and_says_nothing_of_it(open_incident: Scene) -> None:
    open_incident.pager.silent.add("BI_KEY")
    owe(open_incident, "trigger")
    open_incident.run(1)
    owe(open_incident, "details", told=incident(findings=FOUND))
    open_incident.run(1)
    assert open_incident.pager.events == [] and heard(open_incident) == []


# findings


def test_findings_that_come_after_the_call_are_told_once(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    open_incident.run(1)
    for _ in range(3):
        owe(open_incident, "details", told=incident(findings=FOUND, suspected="out of memory"))
        open_incident.run(1)
    assert open_incident.pager.events == [("trigger", "runbook-bot:inc1")] * 2
    first, second = open_incident.pager.calls
    assert (first.findings, second.findings) == ((), ("Log errors: 41 times OutOfMemory\na\nb",))
    assert second.suspected == "out of memory"
    assert heard(open_incident) == ["called"]


def test_findings_that_come_before_the_call_wait_for_it_and_are_told_by_it(open_incident: Scene) -> None:
    owe(open_incident, "details", told=incident(findings=FOUND))
    open_incident.run(60)
    assert open_incident.pager.events == []
    owe(open_incident, "trigger", told=incident(findings=FOUND))
    open_incident.run(1)
    (call,) = open_incident.pager.calls
    assert call.findings == ("Log errors: 41 times OutOfMemory\na\nb",)


def test_findings_and_a_call_that_are_owed_together_are_one_event(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    owe(open_incident, "details", told=incident(findings=FOUND))
    owe(open_incident, "acknowledge")
    open_incident.run(1)
    assert [action for action, _ in open_incident.pager.events] == ["trigger", "acknowledge"]
    assert open_incident.pager.calls[0].findings == ("Log errors: 41 times OutOfMemory\na\nb",)


def test_findings_of_what_is_over_are_dropped(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    open_incident.run(1)
    owe(open_incident, "details", told=incident(findings=FOUND))
    owe(open_incident, "resolve")
    open_incident.run(1)
    owe(open_incident, "details", told=incident(findings=FOUND))
    open_incident.run(1)
    assert [action for action, _ in open_incident.pager.events] == ["trigger", "resolve"]


def test_what_fires_again_is_called_with_the_newest_of_all(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    owe(open_incident, "resolve")
    open_incident.run(1)
    again = incident(alarm=ALARM.model_copy(update={"reason": "Worse"}), findings=FOUND)
    owe(open_incident, "trigger", told=again)
    open_incident.run(1)
    assert open_incident.pager.calls[-1].summary == "api-down: Worse"
    assert open_incident.pager.calls[-1].findings


def test_findings_pagerduty_does_not_take_bother_nobody_and_hold_up_nothing(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    open_incident.run(1)
    open_incident.pager.failures.add("trigger", AWAY)
    owe(open_incident, "details", told=incident(findings=FOUND))
    open_incident.engine.run_due()
    owe(open_incident, "acknowledge")
    open_incident.run(3)
    assert [action for action, _ in open_incident.pager.events] == ["trigger", "acknowledge"]
    open_incident.pager.failures.add("trigger", *[AWAY] * PATIENCE)
    owe(open_incident, "details", told=incident(findings=FOUND, suspected="x"))
    open_incident.run(60)
    assert open_incident.chat.thread(headline_key("inc1")) == []
    assert row(open_incident).state == "sent"


def test_a_call_whose_answer_was_lost_is_made_again_under_the_same_key(open_incident: Scene) -> None:
    open_incident.pager.lost_answers.add("trigger", AWAY)
    owe(open_incident, "trigger")
    open_incident.run(5)
    assert open_incident.pager.events == [("trigger", "runbook-bot:inc1")] * 2
    assert heard(open_incident) == ["called"]


def test_an_action_pagerduty_does_not_know_is_refused_before_it_is_owed() -> None:
    with pytest.raises(ValueError, match="snooze"):
        page("inc1", incident(), "", "snooze")


# what is told


def test_the_call_leads_to_the_thread_the_alarm_and_the_service(open_incident: Scene) -> None:
    owe(open_incident, "trigger")
    open_incident.run(1)
    (call,) = open_incident.pager.calls
    assert call.thread == f"https://slack.example.com/C0BI/p{open_incident.chat.by_key(headline_key('inc1')).ts}"
    assert [(link.text, link.href) for link in call.links] == [
        (
            "Alarm in CloudWatch",
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/deeplink.js?region=eu-west-1#alarmsV2:alarm/api-down",
        ),
        (
            "Service in ECS",
            "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/c/services/api/health?region=eu-west-1",
        ),
    ]


def test_an_alarm_of_no_configured_service_leads_where_its_dimensions_say(open_incident: Scene) -> None:
    metric = AlarmMetric(name="CPUUtilization", dimensions={"ClusterName": "other", "ServiceName": "shop"})
    owe(open_incident, "trigger", told=incident(alarm=ALARM.model_copy(update={"name": "unknown", "metric": metric})))
    prose = Alarm(arn="", name="AWS Budgets", state=None, at=NOON, raw="over the limit")
    open_incident.engine.add(page("inc2", incident(alarm=prose), "BI_KEY", "trigger"))
    open_incident.run(4)
    by_name = {call.alarm.name: call for call in open_incident.pager.calls}
    assert by_name["unknown"].links[1].href.endswith("/clusters/other/services/shop/health?region=eu-west-1")
    assert by_name["AWS Budgets"].links == ()


def test_pictures_and_the_first_remedy_go_with_the_call(open_incident: Scene) -> None:
    picture = Link("https://example.com/cpu.png", "CPU")
    open_incident.engine.add(
        page("inc1", incident(), "", "trigger", remedy="rollback bi/api production", images=[picture])
    )
    open_incident.run(1)
    (call,) = open_incident.pager.calls
    assert (call.images, call.remedy) == ((picture,), "rollback bi/api production")


def test_a_row_of_an_older_version_is_carried_on(open_incident: Scene) -> None:
    pager: FakePager = open_incident.pager
    body = {"incident": "inc1", "env": "", "alarm": ALARM.model_dump(mode="json"), "severity": "high", "channel": "#bi"}
    old = NewRow(kind=KIND, key="inc1", state="owed", body=body | {"first": "trigger"})
    open_incident.engine.add(old)
    open_incident.run(1)
    owe(open_incident, "acknowledge")
    owe(open_incident, "resolve")
    open_incident.run(1)
    assert [action for action, _ in pager.events] == ["trigger", "acknowledge", "resolve"]
