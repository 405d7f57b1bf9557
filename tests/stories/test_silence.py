"""A load test that is expected to hurt: alarms fall silent, nobody is woken, and what is red afterwards is told.

The bot's own clock is the real one, so that the shortest silence lasts a real minute.
"""

from __future__ import annotations

import pytest

from sandbox.seed.catalogue import service_of
from tests.stories.conftest import Places
from tests.stories.town import ALICE, BOB, DAVE, Message, Town, labels, words

pytestmark = pytest.mark.story

ARBOR, ARBOR_ALARM = "#arbor-energy", "arbor-production-backend-5xx"
USAGE, USAGE_ALARM = "#usage-metrics", "delivery-standard-prod-high-latency"
BACKEND, METRICS = service_of("arbor", "backend"), service_of("usage", "delivery-standard")
A_MINUTE = 100.0
"""How long to wait for the end of a silence of a minute."""


@pytest.fixture(scope="module")
def town(places: Places) -> Town:
    """A new one: what fires within half an hour of another alarm of its service goes on in that one's thread."""
    return places.new_town("socket")


def test_a_silence_holds_what_fires_and_gives_it_back_when_it_ends(town: Town) -> None:
    before = _alice_silences_a_service_for_a_minute(town)
    _its_alarm_fires_and_nobody_hears(town, before)
    _bob_mutes_an_alarm_everywhere_and_ends_it(town)
    _the_minute_is_over_and_the_incident_opens(town, before)


def test_who_may_not_work_on_incidents_silences_nothing(town: Town) -> None:
    said = town.ask(DAVE, ARBOR, "/silence arbor/backend production 1h quiet please")
    assert "You may not work on incidents or silence alarms" in said


def _alice_silences_a_service_for_a_minute(town: Town) -> str:
    before = town.newest(ARBOR)
    card = town.plan(ALICE, ARBOR, "/silence arbor/backend production 1m the load test")
    planned = words(card)
    assert "Silence arbor/backend production" in planned
    assert "In Slack and PagerDuty only" in planned
    assert ARBOR_ALARM in planned
    assert "Mute in CloudWatch too" in labels(card)
    town.press(ALICE, ARBOR, card["ts"], "Confirm")
    assert town.ended(ARBOR, card["ts"]) == "done"
    assert "is silenced until" in words(town.message(ARBOR, card["ts"]))
    return before


def _its_alarm_fires_and_nobody_hears(town: Town, before: str) -> None:
    town.alarm(ARBOR_ALARM, BACKEND.region, "ALARM")
    said = town.until("the count", lambda: _counted(town))
    assert f":no_bell: `{ARBOR_ALARM}`" in said
    assert "Nothing is in alarm; 1 in alarm but silenced" in said
    assert f"by <@{ALICE}>: the load test · 1 fired meanwhile" in said
    assert [one for one in town.shown(ARBOR, f"`{ARBOR_ALARM}`", before) if "Threshold Crossed" in words(one)] == []


def _counted(town: Town) -> str | None:
    said = town.ask(BOB, ARBOR, "/alarms")
    return said if "fired meanwhile" in said else None


def _bob_mutes_an_alarm_everywhere_and_ends_it(town: Town) -> None:
    cloudwatch = town.aws("cloudwatch", METRICS.region)
    card = town.confirmed(BOB, USAGE, f"/silence {USAGE_ALARM} 1h everywhere the network is rebuilt")
    assert town.ended(USAGE, card["ts"]) == "done"
    assert "CloudWatch is muted too, by the rule runbook-bot-" in words(town.message(USAGE, card["ts"]))
    (rule,) = cloudwatch.list_alarm_mute_rules(AlarmName=USAGE_ALARM)["AlarmMuteRuleSummaries"]
    assert rule["Status"] == "ACTIVE"
    town.alarm(USAGE_ALARM, METRICS.region, "ALARM")
    before = town.newest(USAGE)
    town.confirmed(BOB, USAGE, f"/unsilence {USAGE_ALARM}")
    report = town.until("the report", lambda: town.shown(USAGE, "was lifted by", before))[0]
    assert f"`{USAGE_ALARM}` in alarm since" in words(report)
    assert "its incident opens now" in words(report)
    town.until("its headline", lambda: _headlines(town, USAGE, USAGE_ALARM, before))
    town.until(
        "the rule to be gone",
        lambda: not cloudwatch.list_alarm_mute_rules(AlarmName=USAGE_ALARM)["AlarmMuteRuleSummaries"],
    )
    headlines = _headlines(town, USAGE, USAGE_ALARM, before)
    assert len(headlines) == 1
    town.alarm(USAGE_ALARM, METRICS.region, "OK")
    town.says(USAGE, headlines[0]["ts"], "recovered after")


def _the_minute_is_over_and_the_incident_opens(town: Town, before: str) -> None:
    report = town.until("the report", lambda: town.shown(ARBOR, "is over", before), A_MINUTE)[0]
    assert ":bell: The silence of *arbor/backend production* is over" in words(report)
    assert f"`{ARBOR_ALARM}` in alarm since" in words(report)
    assert "once meanwhile: its incident opens now" in words(report)
    headlines = town.until("a headline", lambda: _headlines(town, ARBOR, ARBOR_ALARM, before))
    assert len(headlines) == 1
    town.alarm(ARBOR_ALARM, BACKEND.region, "OK")
    town.says(ARBOR, headlines[0]["ts"], "recovered after")
    calm = town.ask(BOB, ARBOR, "/alarms")
    assert "alarms are quiet." in calm


def _headlines(town: Town, channel: str, alarm: str, after: str) -> list[Message]:
    return [one for one in town.shown(channel, alarm, after) if "Acknowledge" in labels(one)]
