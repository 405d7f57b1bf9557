"""Who has to agree before production is changed: a second person, the calendar, and whoever types it out."""

from __future__ import annotations

import pytest

from sandbox.scenarios.stage import STAR, STAR_CHANNEL
from sandbox.seed.catalogue import service_of
from tests.stories.town import ALICE, BOB, CAROL, DAVE, EVE, Town, labels, words

pytestmark = [pytest.mark.story, pytest.mark.pace(4)]

BI, ARBOR = "#bi-platform", "#arbor-energy"
FRONTEND = service_of("arbor", "frontend")


def test_a_second_person_agrees_to_exactly_the_plan_that_was_seen(town: Town) -> None:
    mark = town.mark()
    card = town.confirmed(ALICE, STAR_CHANNEL, f"/deploy {STAR.name} prod v1.5.0")
    ts = card["ts"]
    assert "0 of 1 approvals, until " in town.says(STAR_CHANNEL, ts, "of 1 approvals")
    assert labels(town.message(STAR_CHANNEL, ts)) == ["Approve", "Decline", "Cancel"]
    called = town.told(STAR_CHANNEL, ts, "asks for one approval within 30 min")
    assert "<!subteam^S0ONCALL>" in words(called)

    _refused(town, ALICE, ts, "Nobody approves what they asked for themselves")
    _refused(town, DAVE, ts, "You may not approve this")
    _refused(town, EVE, ts, "You may not approve this")

    somebody = town.aws("ecs", STAR.region)
    somebody.update_service(cluster=STAR.cluster, service=STAR.service, forceNewDeployment=True)
    town.press(BOB, STAR_CHANNEL, ts, "Approve")
    stale = town.says(STAR_CHANNEL, ts, "The plan you saw is stale and nothing was done")
    assert "ecs-svc" not in stale
    assert town.calls("ecs:RegisterTaskDefinition", mark) == []

    town.until("the other deployment to end", lambda: _at_rest(town))
    town.says(STAR_CHANNEL, ts, "waiting for confirmation")
    confirmed: set[str] = set()
    town.until("0 of 1 approvals", lambda: _confirmed(town, ts, confirmed))
    town.press(BOB, STAR_CHANNEL, ts, "Approve")
    assert town.ended(STAR_CHANNEL, ts) == "settled"
    assert f"approved by <@{BOB}>" in words(town.message(STAR_CHANNEL, ts))
    assert len(town.calls("ecs:RegisterTaskDefinition", mark)) == 1


def test_one_no_is_enough(town: Town) -> None:
    mark = town.mark()
    card = town.confirmed(ALICE, STAR_CHANNEL, f"/deploy {STAR.name} prod v1.6.0")
    town.says(STAR_CHANNEL, card["ts"], "0 of 1 approvals")
    town.press(BOB, STAR_CHANNEL, card["ts"], "Decline")
    assert town.ended(STAR_CHANNEL, card["ts"]) == "cancelled, nothing was changed"
    assert "bob declined." in words(town.message(STAR_CHANNEL, card["ts"]))
    assert town.calls("ecs:RegisterTaskDefinition", mark) == []


def test_a_freeze_forbids_and_an_emergency_takes_a_reason_and_a_second_person(town: Town) -> None:
    frozen = town.confirmed(ALICE, BI, "/freeze bi/production until tomorrow 18:00 quarter close")
    assert town.ended(BI, frozen["ts"]) == "done"
    assert "bi production is frozen until " in words(town.message(BI, frozen["ts"]))

    mark = town.mark()
    card = town.plan(ALICE, BI, "/deploy bi/executor production v1.6.0")
    assert ":no_entry: *freeze*: Frozen by alice until " in words(card)
    assert labels(card) == ["Emergency: in spite of “freeze” …", "Cancel"]
    town.press(ALICE, BI, card["ts"], "Emergency: in spite of “freeze” …")
    refused = town.submit(ALICE, reason="no")
    assert "Say why" in str(refused["errors"])
    assert town.submit(ALICE, reason="logins fail for everybody")["ok"]
    town.says(BI, card["ts"], f"<@{ALICE}> goes on in spite of `freeze`: logins fail for everybody")
    town.press(ALICE, BI, card["ts"], "Confirm")
    town.says(BI, card["ts"], "0 of 1 approvals")
    assert town.calls("ecs:UpdateService", mark) == []
    town.press(CAROL, BI, card["ts"], "Approve")
    assert town.ended(BI, card["ts"]) == "settled"
    announced = town.until("an announcement", lambda: town.shown(BI, ":rotating_light: *Emergency:*"))[0]
    said = words(announced)
    assert "logins fail for everybody" in said
    assert f"Approved by <@{CAROL}>." in said
    assert announced["ts"] != card["ts"]

    lifted = town.confirmed(BOB, BI, "/unfreeze bi/production")
    assert town.ended(BI, lifted["ts"]) == "done"
    free = town.plan(ALICE, BI, "/deploy bi/executor production v1.5.7")
    assert "freeze" not in words(free)
    town.press(ALICE, BI, free["ts"], "Cancel")


def test_a_freeze_holds_up_no_rollback(town: Town) -> None:
    frozen = town.confirmed(ALICE, ARBOR, "/freeze arbor 2h the auditors look")
    assert town.ended(ARBOR, frozen["ts"]) == "done"
    card = town.plan(BOB, ARBOR, "/rollback arbor/frontend prod")
    assert "Confirm" in labels(card)
    town.press(BOB, ARBOR, card["ts"], "Cancel")
    lifted = town.confirmed(ALICE, ARBOR, "/unfreeze arbor")
    assert town.ended(ARBOR, lifted["ts"]) == "done"


def test_no_tasks_in_production_is_typed_out(town: Town) -> None:
    mark = town.mark()
    card = town.plan(ALICE, ARBOR, "/scale arbor/frontend prod 0")
    assert "Nothing answers with zero tasks: expect its alarms." in words(card)
    town.press(ALICE, ARBOR, card["ts"], "Confirm …")
    wrong = town.submit(ALICE, phrase="yes")
    assert "Type exactly: arbor/frontend 0" in str(wrong["errors"])
    assert town.calls("ecs:UpdateService", mark) == []
    assert town.submit(ALICE, phrase="arbor/frontend 0")["ok"]
    assert town.ended(ARBOR, card["ts"]) == "settled"
    back = town.confirmed(ALICE, ARBOR, f"/scale arbor/frontend prod {FRONTEND.desired}")
    assert town.ended(ARBOR, back["ts"]) == "settled"


def _refused(town: Town, user: str, ts: str, why: str) -> None:
    before = town.newest(STAR_CHANNEL)
    town.press(user, STAR_CHANNEL, ts, "Approve")
    assert why in town.whisper(user, STAR_CHANNEL, before)


def _at_rest(town: Town) -> bool:
    found = town.aws("ecs", STAR.region).describe_services(cluster=STAR.cluster, services=[STAR.service])["services"][0]
    return [each["rolloutState"] for each in found["deployments"]] == ["COMPLETED"]


def _confirmed(town: Town, ts: str, confirmed: set[str]) -> bool:
    """Alice confirms, and again when the other deployment ended in between, which is another plan."""
    card = town.message(STAR_CHANNEL, ts)
    elements = [element for block in card["blocks"] for element in block.get("elements") or []]
    for each in elements:
        if each.get("action_id") == "operation:confirm" and each["value"] not in confirmed:
            asked = {"user": ALICE, "channel": STAR_CHANNEL, "ts": ts, "action_id": each["action_id"]}
            if town.post("action", **asked)["ok"]:
                confirmed.add(each["value"])
    return "0 of 1 approvals" in words(card)
