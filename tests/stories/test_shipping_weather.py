"""Bad weather in the middle of a rollout: two people at once, Slack away, a channel archived, AWS that throttles."""

from __future__ import annotations

import threading

import pytest

from sandbox.seed.catalogue import service_of
from tests.stories.town import ALICE, BOB, Message, Town, words

pytestmark = [pytest.mark.story, pytest.mark.pace(4)]

BI, ARBOR, OPS = "#bi-platform", "#arbor-energy", "#ops"
FRONTEND = service_of("arbor", "frontend")


def test_of_two_who_confirm_at_once_one_is_told_who_is_ahead(town: Town) -> None:
    mark = town.mark()
    cards = {
        ALICE: town.plan(ALICE, BI, "/deploy bi/executor staging v1.6.0"),
        BOB: town.plan(BOB, BI, "/deploy bi/executor staging v1.5.7"),
    }
    pressing = [
        threading.Thread(target=town.press, args=(user, BI, card["ts"], "Confirm")) for user, card in cards.items()
    ]
    for each in pressing:
        each.start()
    for each in pressing:
        each.join()
    second = town.until(
        "the other to wait",
        lambda: next((user for user, card in cards.items() if "is ahead" in words(town.message(BI, card["ts"]))), None),
    )
    first = ALICE if second == BOB else BOB
    assert town.ended(BI, cards[first]["ts"]) == "settled"
    name = {ALICE: "alice", BOB: "bob"}[first]
    said = words(town.message(BI, cards[second]["ts"]))
    assert f"{name} is ahead: Deploy bi/executor staging → " in said
    assert "Wait for it to end, then confirm again." in said
    assert len(town.calls("ecs:UpdateService", mark)) == 1
    town.press(second, BI, cards[second]["ts"], "Cancel")


@pytest.mark.pace(1)
def test_while_slack_is_away_the_rollout_goes_on_and_is_told_afterwards(town: Town) -> None:
    mark = town.mark()
    card = town.confirmed(ALICE, ARBOR, "/deploy arbor/frontend prod v1.5.0")
    town.says(ARBOR, card["ts"], "new tasks: ")
    town.fault("slack", "chat.*", "503", seconds=8)
    town.until("the rollout to end in AWS", lambda: _at_rest(town))
    assert town.ended(ARBOR, card["ts"]) == "settled"
    assert town.told(ARBOR, card["ts"], "settled")["pings"] == [ALICE]
    assert town.calls("chat.update", mark, "503")
    assert len(town.calls("ecs:UpdateService", mark)) == 1
    said = [words(one) for one in town.replies(ARBOR, card["ts"])]
    assert sum("Settled: 2 of 2 tasks" in one for one in said) == 1


@pytest.mark.pace(1)
def test_where_the_channel_was_archived_the_outcome_reaches_the_default_channel(town: Town) -> None:
    before = town.newest(OPS)
    card = town.confirmed(ALICE, ARBOR, "/deploy arbor/frontend prod v1.6.0")
    town.says(ARBOR, card["ts"], "new tasks: ")
    assert town.post("channel", channel=ARBOR, is_archived=True)["ok"]
    try:
        outcome = town.until("the outcome in #ops", lambda: _outcome(town, before))
    finally:
        assert town.post("channel", channel=ARBOR, is_archived=False)["ok"]
    assert outcome["pings"] == [ALICE]
    assert "Deploy arbor/frontend production → v1.6.0" in words(outcome)
    assert "Meant for #arbor-energy: " in words(outcome)
    assert "archived" in words(outcome)


@pytest.mark.pace(1)
def test_while_aws_throttles_the_last_look_stands_and_the_end_is_still_seen(town: Town) -> None:
    mark = town.mark()
    card = town.confirmed(ALICE, BI, "/deploy bi/executor staging v1.5.0")
    town.says(BI, card["ts"], "new tasks: ")
    town.fault("aws", "ecs:Describe*", "ThrottlingException", seconds=6)
    blind = town.says(BI, card["ts"], "I cannot see how it is going")
    assert "AWS is throttling" in blind
    assert town.ended(BI, card["ts"]) == "settled"
    assert len(town.calls("ecs:UpdateService", mark)) == 1


def _outcome(town: Town, before: str) -> Message | None:
    return next((one for one in town.shown(OPS, "settled", before)), None)


def _at_rest(town: Town) -> bool:
    ecs = town.aws("ecs", FRONTEND.region)
    found = ecs.describe_services(cluster=FRONTEND.cluster, services=[FRONTEND.service])["services"][0]
    return [each["rolloutState"] for each in found["deployments"]] == ["COMPLETED"]
