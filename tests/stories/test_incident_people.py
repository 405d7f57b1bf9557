"""People work on an incident in its thread and in PagerDuty; both know what was done in the other, and nobody twice."""

from __future__ import annotations

import re

import pytest

from tests.stories.town import ALICE, BOB, CAROL, Message, Town, words

pytestmark = pytest.mark.story

CHANNEL, REGION = "#usage-metrics", "us-east-1"
ALARM = "delivery-standard-prod-unhealthy-hosts"


def _fired(town: Town) -> Message:
    """The alarm fires, and a headline appears."""
    before = town.newest(CHANNEL)
    town.alarm(ALARM, REGION, "ALARM")
    return town.until("a headline", lambda: town.shown(CHANNEL, ALARM, after=before))[0]


def _incident(headline: Message) -> str:
    rows = [block for block in headline["blocks"] if block["type"] == "actions"]
    buttons = [element for row in rows for element in row["elements"] if element["action_id"] == "incident:resolve"]
    return str(buttons[0]["value"])


def _said(town: Town, headline: Message) -> str:
    return "\n".join(words(each) for each in town.replies(CHANNEL, headline["ts"]))


def _now(town: Town, headline: Message) -> str:
    return words(town.message(CHANNEL, headline["ts"]))


def test_an_incident_goes_from_hand_to_hand_and_pagerduty_knows(town: Town) -> None:
    headline = _fired(town)
    key = _incident(headline)
    town.until("a call", lambda: town.incidents(key))

    town.mention(ALICE, CHANNEL, "ack", headline["ts"])
    town.until("alice to have it", lambda: f"<@{ALICE}> has it" in _now(town, headline))
    town.until("PagerDuty to know", lambda: town.incidents(key)[-1]["status"] == "acknowledged")

    town.mention(ALICE, CHANNEL, f"hand over <@{BOB}>", headline["ts"])
    town.until("bob to have it", lambda: f"<@{ALICE}> handed this to <@{BOB}>" in _said(town, headline))

    town.mention(BOB, CHANNEL, "escalate", headline["ts"])
    town.until("the next level to be called", lambda: re.search(r"L2.*escalated it", _said(town, headline)))

    town.mention(BOB, CHANNEL, "snooze 30m", headline["ts"])
    town.until("it to sleep", lambda: "snoozed until" in _now(town, headline))

    town.pager(CAROL, key, "resolve")
    town.until("Slack to know", lambda: "resolved by Carol Mensah (PagerDuty)" in _now(town, headline))
    assert [each["status"] for each in town.incidents(key)] == ["resolved"]
    town.alarm(ALARM, REGION, "OK")


def test_somebody_in_pagerduty_has_it_and_slack_shows_who(town: Town) -> None:
    headline = _fired(town)
    key = _incident(headline)
    town.until("a call", lambda: town.incidents(key))
    town.fault("pagerduty", "webhook", "twice")
    town.pager(CAROL, key, "acknowledge")
    town.until("Slack to know", lambda: "Carol Mensah (PagerDuty) has it" in _now(town, headline))
    town.calm()
    town.mention(ALICE, CHANNEL, "ack", headline["ts"])
    told = town.whisper(ALICE, CHANNEL, headline["ts"], "who has it", thread=headline["ts"])
    assert "Carol Mensah (PagerDuty) has it already" in told
    town.told(CHANNEL, headline["ts"], "has it.")
    replies = [each["text"] for each in town.replies(CHANNEL, headline["ts"])]
    assert sum("has it." in text for text in replies) == 1
    town.mention(ALICE, CHANNEL, "resolve", headline["ts"])
    town.until("PagerDuty to know", lambda: town.incidents(key)[-1]["status"] == "resolved")
    town.alarm(ALARM, REGION, "OK")


def test_a_word_that_means_nothing_is_answered_where_only_its_writer_sees_it(town: Town) -> None:
    headline = _fired(town)
    town.mention(ALICE, CHANNEL, "abracadabra", headline["ts"])
    told = town.whisper(ALICE, CHANNEL, headline["ts"], "an answer", thread=headline["ts"])
    assert "I do not know “abracadabra”." in told
    asked = town.mention(ALICE, CHANNEL, "snooze", headline["ts"])
    assert "For how long?" in town.whisper(ALICE, CHANNEL, asked, "a question back", thread=headline["ts"])
    town.mention(ALICE, CHANNEL, "resolve", headline["ts"])
    town.alarm(ALARM, REGION, "OK")
