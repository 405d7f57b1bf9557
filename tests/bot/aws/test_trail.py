from __future__ import annotations

import json
from typing import Any

import pytest

from bot import telemetry_ports as ports
from bot.aws.errors import NotPermittedError
from bot.aws.session import Sessions
from bot.aws.trail import Trail
from bot.domain import Account
from bot.errors import UpstreamError
from bot.telemetry import TrailSearch
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws
from tests.fakes import NOON, FakeClock

BUSY = Refusal("ThrottlingException", "Rate exceeded")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def trail(sessions: Sessions, clock: FakeClock) -> Trail:
    return Trail(sessions, clock, pause=clock.advance)


def an_event(number: int, name: str = "UpdateService", **record: Any) -> dict[str, Any]:
    told = {
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/ops/alice"},
        "requestParameters": {"service": "api", "cluster": "bi", "deploymentConfiguration": {"names": ["x"]}},
    }
    return {
        "EventId": f"e-{number}",
        "EventName": name,
        "EventSource": "ecs.amazonaws.com",
        "EventTime": NOON - number,
        "ReadOnly": "false",
        "Username": "alice",
        "Resources": [{"ResourceType": "AWS::ECS::Service", "ResourceName": "arn:service"}, {}],
        "CloudTrailEvent": json.dumps(told | record),
    }


def ask(trail: Trail, account: Account, *resources: str, actions: tuple[str, ...] = ()) -> TrailSearch:
    return trail.changes(account, resources, actions, since=NOON - 3600, deadline=NOON + 7)


def test_the_adapter_fills_the_port(trail: Trail) -> None:
    port: ports.Trail = trail
    assert port


def test_a_change_is_told_with_who_made_it_and_what_it_is_about(
    aws: ScriptedAws, trail: Trail, account: Account
) -> None:
    aws.on("LookupEvents", {"Events": [an_event(60)]})
    found = ask(trail, account, actions=("UpdateService",))
    (event,) = found.events
    assert (event.id, event.at, event.action, event.source) == ("e-60", NOON - 60, "UpdateService", "ecs")
    assert (event.who, event.error, found.is_whole) == ("ops/alice", "", True)
    assert event.names == {"api", "bi", "x", "arn:service"}
    (asked,) = aws.asked("LookupEvents")
    assert asked == {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "UpdateService"}],
        "StartTime": NOON - 3600,
        "MaxResults": 50,
    }


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        ({"type": "IAMUser", "userName": "bob"}, "bob"),
        ({"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}, "ecs.amazonaws.com"),
        ({"type": "Root", "arn": "arn:aws:iam::1:root"}, "arn:aws:iam::1:root"),
        ("nobody", "alice"),
    ],
)
def test_whoever_called_has_a_name(aws: ScriptedAws, trail: Trail, account: Account, identity: Any, who: str) -> None:
    aws.on("LookupEvents", {"Events": [an_event(60, userIdentity=identity)]})
    assert [each.who for each in ask(trail, account, "jobs").events] == [who]


@pytest.mark.parametrize("record", ["", "{", "[]", "[" * 100_000])
def test_a_record_that_cannot_be_read_is_told_all_the_same(
    aws: ScriptedAws, trail: Trail, account: Account, record: str
) -> None:
    aws.on("LookupEvents", {"Events": [{**an_event(60), "CloudTrailEvent": record}]})
    (event,) = ask(trail, account, "jobs").events
    assert (event.who, event.names) == ("alice", frozenset({"arn:service"}))


def test_what_only_read_is_left_out_and_a_change_found_twice_counts_once(
    aws: ScriptedAws, trail: Trail, account: Account
) -> None:
    reads = {**an_event(5, "DescribeServices"), "ReadOnly": "true"}
    aws.on("LookupEvents", {"Events": [an_event(60), reads, an_event(30, errorCode="AccessDenied")]})
    found = ask(trail, account, "api", "role", actions=("UpdateService",))
    assert [(each.id, each.error) for each in found.events] == [("e-30", "AccessDenied"), ("e-60", "")]
    assert [each["LookupAttributes"][0]["AttributeValue"] for each in aws.asked("LookupEvents")] == [
        *("UpdateService", "api", "role")
    ]


def test_pages_are_walked_through_though_they_are_empty(aws: ScriptedAws, trail: Trail, account: Account) -> None:
    pages: dict[Any, dict[str, Any]] = {
        None: {"Events": [], "NextToken": "2"},
        "2": {"Events": [an_event(60)]},
    }
    aws.on("LookupEvents", lambda asked: pages[asked.get("NextToken")])
    found = ask(trail, account, "api")
    assert (len(found.events), found.is_whole) == (1, True)


def test_more_pages_than_are_read_are_told(aws: ScriptedAws, trail: Trail, account: Account) -> None:
    aws.on("LookupEvents", {"Events": [an_event(60)], "NextToken": "more"})
    assert not ask(trail, account, "api").is_whole
    assert len(aws.asked("LookupEvents")) == 3


def test_cloudtrail_is_asked_no_more_than_twice_a_second(
    aws: ScriptedAws, trail: Trail, account: Account, clock: FakeClock
) -> None:
    aws.on("LookupEvents", {"Events": []})
    ask(trail, account, *(f"r{number}" for number in range(8)))
    assert clock.now() - NOON >= 3


def test_time_that_runs_out_leaves_the_rest_unlooked_at(
    aws: ScriptedAws, trail: Trail, account: Account, clock: FakeClock
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        clock.advance(4)
        return {"Events": [an_event(60)]}

    aws.on("LookupEvents", answer)
    assert not ask(trail, account, "a", "b", "c").is_whole
    assert len(aws.asked("LookupEvents")) == 2


def test_throttling_is_waited_out(aws: ScriptedAws, trail: Trail, account: Account) -> None:
    answers = iter([BUSY, BUSY, {"Events": [an_event(60)]}])
    aws.on("LookupEvents", lambda asked: next(answers))
    assert len(ask(trail, account, "api").events) == 1


def test_throttling_without_end_loses_nothing_that_was_found(aws: ScriptedAws, trail: Trail, account: Account) -> None:
    asked: list[str] = []

    def answer(parameters: dict[str, Any]) -> Any:
        asked.append(parameters["LookupAttributes"][0]["AttributeValue"])
        return {"Events": [an_event(60)]} if asked[-1] == "api" else BUSY

    aws.on("LookupEvents", answer)
    found = ask(trail, account, "api", "role")
    assert (len(found.events), found.is_whole) == (1, False)
    with pytest.raises(UpstreamError, match="throttling cloudtrail:LookupEvents"):
        ask(trail, account, "role")


def test_a_missing_permission_is_named(aws: ScriptedAws, trail: Trail, account: Account) -> None:
    aws.on("LookupEvents", Refusal("AccessDeniedException"))
    with pytest.raises(NotPermittedError, match="cloudtrail:LookupEvents"):
        ask(trail, account, "api")
