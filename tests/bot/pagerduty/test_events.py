from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from bot.domain import Alarm, AlarmMetric, AlarmState, Severity
from bot.errors import NotFoundError, UpstreamError
from bot.pagerduty import EventsPager
from bot.paging import Call, Link

KEY = "R0" * 16
OTHER_KEY = "K9" * 16
KEYS = {"PAGERDUTY_ROUTING_KEY": KEY, "BI_KEY": OTHER_KEY, "EMPTY_KEY": "", "SHORT_KEY": "abc"}
AT = 1_664_131_837.5
LINK = "https://example.slack.com/archives/C1/p1"
WORD = "hunter" + "2"
ALARM = Alarm(
    arn="arn:aws:cloudwatch:eu-west-1:123456789012:alarm:api-cpu-high",
    name="api-cpu-high",
    state=AlarmState.ALARM,
    reason="Threshold Crossed: 91 was greater than 80",
    description=f"ask bob@example.com password={WORD}",
    at=AT,
    account="123456789012",
    region="eu-west-1",
    metric=AlarmMetric(
        namespace="AWS/ECS",
        name="CPUUtilization",
        dimensions={"ClusterName": "prod", "ServiceName": "api"},
        statistic="Average",
        threshold=80.0,
        comparison="GreaterThanThreshold",
    ),
)


def call(alarm: Alarm = ALARM, severity: Severity = Severity.HIGH, thread: str = LINK, **more: Any) -> Call:
    fields: dict[str, Any] = {"summary": "", "findings": (), "links": (), "images": (), "at": AT}
    return Call(severity=severity, alarm=alarm, thread=thread, **(fields | more))


class Pretend:
    """Answers what the test says, and keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.answers: list[httpx2.Response | Exception] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx2.Response(202, json={"status": "success", "dedup_key": "d"})

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


@pytest.fixture
def service() -> Pretend:
    return Pretend()


@pytest.fixture
def pager(service: Pretend) -> Iterator[EventsPager]:
    pager = EventsPager(KEYS.get, pause=0.001, transport=httpx2.MockTransport(service))
    yield pager
    pager.close()


def test_an_alarm_is_triggered_with_everything_a_person_needs(service: Pretend, pager: EventsPager) -> None:
    pager.trigger("BI_KEY", "incident-7", call())
    (event,) = service.events
    assert (event["routing_key"], event["event_action"], event["dedup_key"]) == (OTHER_KEY, "trigger", "incident-7")
    assert (event["client"], event["client_url"]) == ("runbook-bot", LINK)
    assert event["links"] == [{"href": LINK, "text": "Slack thread"}]
    payload = event["payload"]
    assert payload["summary"] == "api-cpu-high: Threshold Crossed: 91 was greater than 80"
    assert (payload["source"], payload["component"], payload["class"]) == (ALARM.arn, "api", "CPUUtilization")
    assert payload["timestamp"] == "2022-09-25T18:50:37.500000+00:00"
    assert payload["custom_details"]["threshold"] == "GreaterThanThreshold 80"
    assert payload["custom_details"]["dimensions"] == "ClusterName=prod, ServiceName=api"
    assert str(service.requests[0].url) == "https://events.pagerduty.com/v2/enqueue"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info")],
)
def test_severities_are_spoken_as_pagerduty_does(service: Pretend, pager: EventsPager, ours: str, theirs: str) -> None:
    pager.trigger("", "d", call(severity=Severity(ours)))
    assert service.events[0]["payload"]["severity"] == theirs


def test_whoever_is_called_sees_what_was_found_and_what_to_do_first(service: Pretend, pager: EventsPager) -> None:
    found = ("Stopped tasks: OutOfMemoryError in api", f"Log errors: password={WORD} refused")
    pager.trigger("", "d", call(findings=found, suspected="api ran out of memory", remedy="rollback bi/api production"))
    details = service.events[0]["payload"]["custom_details"]
    assert details["findings"] == [found[0], "Log errors: password=[redacted] refused"]
    assert (details["suspected cause"], details["first remedy"]) == (
        "api ran out of memory",
        "rollback bi/api production",
    )
    assert details["reason"] == ALARM.reason


def test_links_stand_behind_the_thread_and_pictures_are_shown_over_https_only(
    service: Pretend, pager: EventsPager
) -> None:
    links = (
        Link("https://eu-west-1.console.aws.amazon.com/x", "Console"),
        Link("javascript:alert(1)", "Script"),
        Link(f"https://example.com/?token={WORD}", "Secret"),
        Link("https://example.com/a b", "Broken"),
    )
    signed = f"https://images.s3.amazonaws.com/a.png?X-Amz-Signature={'a' * 64}&X-Amz-Expires=604800"
    images = (Link(signed, "CPU"), Link("http://example.com/b.png", "No TLS"), Link("", "None"))
    pager.trigger("", "d", call(links=links, images=images))
    (event,) = service.events
    assert event["links"] == [
        {"href": LINK, "text": "Slack thread"},
        {"href": links[0].href, "text": "Console"},
    ]
    assert event["images"] == [{"src": signed, "alt": "CPU"}]


def test_the_largest_call_is_smaller_than_pagerduty_takes(service: Pretend, pager: EventsPager) -> None:
    # Each of these characters takes twelve in JSON.
    loud = "\U0001f6a8" * 50_000
    alarm = ALARM.model_copy(
        update={"name": loud, "reason": loud, "description": loud, "raw": loud, "children": (loud,) * 50}
    )
    links = tuple(Link(f"https://example.com/{'a' * 3_900}{number}", loud) for number in range(50))
    told = call(alarm, summary=loud, findings=(loud,) * 100, links=links, images=links, suspected=loud, remedy=loud)
    pager.trigger("", "d" * 255, told)
    assert len(service.requests[0].content) < 512 * 1024
    assert len(json.dumps(service.events[0])) < 512 * 1024
    event = service.events[0]
    assert (len(event["links"]), len(event["images"])) == (10, 5)
    assert event["payload"]["custom_details"]["findings"]


def test_acknowledging_and_resolving_name_the_alert(service: Pretend, pager: EventsPager) -> None:
    pager.acknowledge("", "d", AT)
    pager.resolve("", "d", AT)
    assert service.events == [
        {"event_action": "acknowledge", "dedup_key": "d", "routing_key": KEY},
        {"event_action": "resolve", "dedup_key": "d", "routing_key": KEY},
    ]


def test_a_change_is_told_where_it_notifies_nobody(service: Pretend, pager: EventsPager) -> None:
    told = pager.change("BI_KEY", "Deployed v2 to\nbi/api", {"by": "alice", "from": "v1", "note": ""}, LINK, AT)
    assert told
    assert str(service.requests[0].url) == "https://events.pagerduty.com/v2/change/enqueue"
    assert service.events == [
        {
            "routing_key": OTHER_KEY,
            "payload": {
                "summary": "Deployed v2 to bi/api",
                "source": "runbook-bot",
                "timestamp": "2022-09-25T18:50:37.500000+00:00",
                "custom_details": {"by": "alice", "from": "v1"},
            },
            "links": [{"href": LINK, "text": "Slack message"}],
        }
    ]


def test_a_change_has_pagerdutys_lengths_and_no_secret(service: Pretend, pager: EventsPager) -> None:
    pager.change("", f"{'long ' * 1_000} token={WORD}", {"reason": f"password={WORD} {'x' * 5_000}"}, "", AT)
    (event,) = service.events
    assert len(event["payload"]["summary"]) <= 1_024
    assert len(event["payload"]["custom_details"]["reason"]) <= 2_000
    assert WORD not in service.requests[0].content.decode() and "links" not in event


def test_a_change_that_is_not_taken_says_whether_to_come_again(service: Pretend, pager: EventsPager) -> None:
    service.answers = [httpx2.Response(400, json={"message": "Event object is invalid"})]
    with pytest.raises(UpstreamError, match="Event object is invalid") as refused:
        pager.change("", "Deployed", {}, "", AT)
    service.answers = [httpx2.Response(429) for _ in range(3)]
    with pytest.raises(UpstreamError) as limited:
        pager.change("", "Deployed", {}, "", AT)
    assert (refused.value.retryable, limited.value.retryable, len(service.requests)) == (False, True, 3)


def test_no_secret_leaves_for_pagerduty(service: Pretend, pager: EventsPager) -> None:
    alarm = ALARM.model_copy(update={"name": f"x token={WORD}", "reason": f"\x1b[31mpassword={WORD}"})
    pager.trigger("", "d", call(alarm))
    assert WORD not in service.requests[0].content.decode()
    assert "bob@" not in service.requests[0].content.decode()
    assert "\\u001b" not in service.requests[0].content.decode()


def test_a_text_that_is_no_alarm_is_triggered_too(service: Pretend, pager: EventsPager) -> None:
    prose = Alarm(arn="", name="AWS Budgets", state=None, at=AT, raw="over the limit\n" * 2_000)
    pager.trigger("", "d", call(prose, Severity.LOW, ""))
    payload = service.events[0]["payload"]
    assert (payload["summary"], payload["source"]) == ("AWS Budgets", "cloudwatch")
    assert len(payload["custom_details"]["message"]) <= 2_000
    assert "links" not in service.events[0] and "component" not in payload


def test_everything_has_pagerdutys_lengths(service: Pretend, pager: EventsPager) -> None:
    alarm = ALARM.model_copy(update={"reason": "long " * 50_000, "description": "long " * 50_000})
    pager.trigger("", "a" * 255, call(alarm))
    pager.trigger("", "a" * 5_000, call(alarm))
    pager.resolve("", "a" * 5_000, AT)
    pager.resolve("", "a" * 5_001, AT)
    keys = [event["dedup_key"] for event in service.events]
    assert keys[0] == "a" * 255
    assert keys[1] == keys[2] != keys[3]
    assert all(len(key) <= 255 for key in keys)
    assert len(service.events[0]["payload"]["summary"]) == 1_024
    assert len(service.requests[0].content) < 64_000


@pytest.mark.parametrize("name", ["EMPTY_KEY", "ABSENT_KEY"])
def test_without_a_key_nothing_is_sent_and_nothing_fails(service: Pretend, pager: EventsPager, name: str) -> None:
    pager.trigger(name, "d", call())
    pager.acknowledge(name, "d", AT)
    pager.resolve(name, "d", AT)
    assert not pager.change(name, "Deployed", {}, LINK, AT)
    assert service.requests == []


def test_check_names_the_variable_that_holds_no_key(pager: EventsPager) -> None:
    pager.check("")
    pager.check("BI_KEY")
    for name in ("EMPTY_KEY", "ABSENT_KEY", "SHORT_KEY"):
        with pytest.raises(NotFoundError, match=name):
            pager.check(name)


@pytest.mark.parametrize(
    ("status", "retryable", "attempts"),
    [(400, False, 1), (403, False, 1), (429, True, 2), (500, True, 1), (503, True, 1)],
)
def test_a_refusal_says_whether_to_come_again(
    service: Pretend, pager: EventsPager, status: int, retryable: bool, attempts: int
) -> None:
    service.answers = [httpx2.Response(status, json={"errors": ["no"]}) for _ in range(5)]
    with pytest.raises(UpstreamError) as caught:
        pager.trigger("", "d", call())
    assert (caught.value.retryable, caught.value.code) == (retryable, str(status))
    assert len(service.requests) == attempts
    assert KEY not in str(caught.value)


def test_an_invalid_event_is_told_in_pagerdutys_words(service: Pretend, pager: EventsPager) -> None:
    service.answers = [httpx2.Response(400, json={"message": "Event object is invalid"})]
    with pytest.raises(UpstreamError, match="Event object is invalid"):
        pager.resolve("", "d", AT)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", 30.0), ("", 30.0), ("²", 30.0)])
def test_the_wait_pagerduty_asks_for_is_told(service: Pretend, pager: EventsPager, header: str, seconds: float) -> None:
    headers = [(b"retry-after", header.encode("latin-1"))]
    service.answers = [httpx2.Response(429, headers=headers) for _ in range(2)]
    with pytest.raises(UpstreamError) as caught:
        pager.resolve("", "d", AT)
    assert caught.value.retry_after == seconds


def test_a_moment_of_429_is_survived(service: Pretend, pager: EventsPager) -> None:
    service.answers = [httpx2.Response(429)]
    pager.resolve("", "d", AT)
    assert len(service.requests) == 2


@pytest.mark.parametrize("error", [httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow")])
def test_a_network_that_fails_twice_is_retryable(service: Pretend, pager: EventsPager, error: Exception) -> None:
    service.answers = [error] * 2
    with pytest.raises(UpstreamError) as caught:
        pager.resolve("", "d", AT)
    assert caught.value.retryable and len(service.requests) == 2


@pytest.mark.parametrize("answer", [httpx2.Response(200, text="<html>log in</html>"), httpx2.Response(302)])
def test_an_answer_that_is_not_pagerdutys_is_no_success(
    service: Pretend, pager: EventsPager, answer: httpx2.Response
) -> None:
    service.answers = [answer]
    with pytest.raises(UpstreamError) as caught:
        pager.resolve("", "d", AT)
    assert caught.value.retryable


def test_an_address_without_tls_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="https"):
        EventsPager(KEYS.get, events_url="http://events.pagerduty.com")
