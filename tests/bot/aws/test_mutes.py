"""CloudWatch's mute rules: the very alarms, whole minutes, and never a rule without targets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from bot import silence_ports
from bot.aws.errors import NotPermittedError
from bot.aws.mutes import Mutes, iso_duration
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.silence_ports import MuteRule
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

AT = datetime(2026, 11, 22, 10, 1, 37, tzinfo=UTC).timestamp()


def put(sessions: Sessions, account: Account, *names: str, seconds: float = 7200.0) -> None:
    Mutes(sessions).put(account, "runbook-bot-1", names, since=AT, until=AT + seconds, description="alice: test")


def test_the_adapter_fills_the_port(sessions: Sessions) -> None:
    port: silence_ports.Mutes = Mutes(sessions)
    assert port


def test_a_rule_mutes_these_alarms_from_the_minute_it_begins_through_that_of_its_end(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("PutAlarmMuteRule", {})
    put(sessions, account, "b", "a", "b")
    (asked,) = aws.asked("PutAlarmMuteRule")
    assert asked == {
        "Name": "runbook-bot-1",
        "Description": "alice: test",
        "Rule": {"Schedule": {"Expression": "at(2026-11-22T10:01)", "Duration": "PT2H1M", "Timezone": "UTC"}},
        "MuteTargets": {"AlarmNames": ["a", "b"]},
    }


@pytest.mark.parametrize("count", [0, 101])
def test_a_rule_without_targets_or_with_too_many_is_never_sent(
    aws: ScriptedAws, sessions: Sessions, account: Account, count: int
) -> None:
    with pytest.raises(UpstreamError, match="takes 1 to 100 alarms"):
        put(sessions, account, *(f"alarm-{number}" for number in range(count)))
    assert aws.calls == []


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(1, "PT1M"), (90, "PT1H30M"), (120, "PT2H"), (2880, "P2D"), (21600, "P15D"), (1501, "P1DT1H1M")],
)
def test_a_length_of_time_is_written_as_iso_8601_does(minutes: int, text: str) -> None:
    assert iso_duration(minutes) == text


def test_a_refusal_names_the_permission(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("PutAlarmMuteRule", Refusal("AccessDeniedException", "User: x is not authorized", 403))
    with pytest.raises(NotPermittedError) as caught:
        put(sessions, account, "a")
    assert caught.value.action == "cloudwatch:PutAlarmMuteRule"


def test_a_rule_is_deleted_by_its_name(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DeleteAlarmMuteRule", {})
    Mutes(sessions).delete(account, "runbook-bot-1")
    assert aws.asked("DeleteAlarmMuteRule") == [{"AlarmMuteRuleName": "runbook-bot-1"}]


def test_the_rules_that_mute_now_are_read_with_their_alarms_and_their_end(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    arn = "arn:aws:cloudwatch:us-east-1:1:alarm-mute-rule:"
    pages: dict[str | None, dict[str, Any]] = {
        None: {"AlarmMuteRuleSummaries": [{"AlarmMuteRuleArn": f"{arn}once"}], "NextToken": "n"},
        "n": {"AlarmMuteRuleSummaries": [{"AlarmMuteRuleArn": f"{arn}nightly:x"}, {"AlarmMuteRuleArn": f"{arn}gone"}]},
    }
    once = {"Expression": "at(2026-11-22T10:01)", "Duration": "P1DT2H"}
    nightly = {"Expression": "cron(0 2 * * *)", "Duration": "PT4H", "Timezone": "UTC"}
    rules = {
        "once": {"Name": "once", "Rule": {"Schedule": once}, "MuteTargets": {"AlarmNames": ["a", "b"]}},
        "nightly:x": {"Name": "nightly:x", "Rule": {"Schedule": nightly}},
    }

    def rule(asked: dict[str, Any]) -> Any:
        return rules.get(asked["AlarmMuteRuleName"]) or Refusal("ResourceNotFoundException", "It does not exist.", 404)

    aws.on("ListAlarmMuteRules", lambda asked: pages[asked.get("NextToken")])
    aws.on("GetAlarmMuteRule", rule)
    until = datetime(2026, 11, 23, 12, 1, tzinfo=UTC).timestamp()
    assert Mutes(sessions).standing(account) == (MuteRule("once", ("a", "b"), until), MuteRule("nightly:x", ()))
    assert aws.asked("ListAlarmMuteRules")[0]["Statuses"] == ["ACTIVE"]


def test_botocore_knows_the_api() -> None:
    client = boto3.client("cloudwatch", region_name="us-east-1")
    assert {"PutAlarmMuteRule", "ListAlarmMuteRules"} <= set(client.meta.method_to_api_mapping.values())
