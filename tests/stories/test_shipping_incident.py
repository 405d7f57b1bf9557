"""A night with a bad deployment: an alarm, its thread, back by the button in it, and no way there by habit."""

from __future__ import annotations

import pytest

from sandbox.seed.catalogue import service_of
from tests.stories.conftest import Mode, Places
from tests.stories.town import ALICE, BOB, Message, Town, labels, words

pytestmark = pytest.mark.story

CHANNEL, ALARM = "#arbor-energy", "arbor-production-backend-5xx"
BACKEND = service_of("arbor", "backend")


@pytest.fixture(scope="module", params=["http", "socket"])
def town(request: pytest.FixtureRequest, places: Places) -> Town:
    mode: Mode = request.param
    return places.town(mode)


def test_back_from_the_incident_locked_and_unlocked_again(town: Town) -> None:
    town.speed(4)
    good = town.runs(BACKEND)
    _alice_ships_something_that_looks_well(town)
    incident = _the_alarm_finds_it(town)
    _bob_goes_back_from_the_incident(town, incident, good)
    _what_was_gone_back_from_is_not_shipped_again_by_habit(town)
    _unlocked_it_may_be_shipped_again(town)


def _alice_ships_something_that_looks_well(town: Town) -> None:
    card = town.confirmed(ALICE, CHANNEL, "/deploy arbor/backend prod v1.6.0")
    assert town.ended(CHANNEL, card["ts"]) == "settled"


def _the_alarm_finds_it(town: Town) -> Message:
    town.alarm(ALARM, BACKEND.region, "ALARM")
    incident = town.until("a headline", lambda: town.shown(CHANNEL, f"`{ALARM}`"))[0]
    town.says(CHANNEL, incident["ts"], "Last change ")
    assert "Roll back" in labels(incident)
    return incident


def _bob_goes_back_from_the_incident(town: Town, incident: Message, good: str) -> None:
    before, mark = town.newest(CHANNEL), town.mark()
    town.press(BOB, CHANNEL, incident["ts"], "Roll back")
    card = town.until("a plan to go back", lambda: town.shown(CHANNEL, "Roll back arbor/backend", before))[0]
    said = words(card)
    assert f"asked by <@{BOB}>" in said
    assert "`v1.6.0` → `v1.4.2`" in said
    assert "Chosen: the newest that nothing speaks against: it ran for " in said
    assert "nobody went back from it; no alarm went off in its first minutes" in said
    assert town.calls("ecs:UpdateService", mark) == []

    town.press(BOB, CHANNEL, card["ts"], "Confirm")
    assert town.ended(CHANNEL, card["ts"]) == "settled"
    assert len(town.calls("ecs:UpdateService", mark)) == 1
    ecs = town.aws("ecs", BACKEND.region)
    image = [
        ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]["containerDefinitions"][0]["image"]
        for name in (good, town.runs(BACKEND))
    ]
    assert image[0].endswith(":v1.4.2")
    assert "@sha256:" in image[1]
    town.until("the lock to be told", lambda: town.shown(CHANNEL, ":lock:"))


def _what_was_gone_back_from_is_not_shipped_again_by_habit(town: Town) -> None:
    mark = town.mark()
    card = town.plan(ALICE, CHANNEL, "/deploy arbor/backend prod v1.6.0")
    said = words(card)
    assert ":no_entry: *lock*: Locked after a rollback while " in said
    assert ":no_entry: Forbidden by *lock*." in said
    assert "Confirm" not in labels(card)
    town.press(ALICE, CHANNEL, card["ts"], "Cancel")
    assert town.ended(CHANNEL, card["ts"]) == "cancelled, nothing was changed"
    assert town.calls("ecs:RegisterTaskDefinition", mark) == []


def _unlocked_it_may_be_shipped_again(town: Town) -> None:
    town.alarm(ALARM, BACKEND.region, "OK")
    card = town.confirmed(BOB, CHANNEL, "/unfreeze arbor/backend production")
    assert town.ended(CHANNEL, card["ts"]) == "done"
    again = town.confirmed(ALICE, CHANNEL, "/deploy arbor/backend prod v1.5.7")
    assert town.ended(CHANNEL, again["ts"]) == "settled"
    assert town.told(CHANNEL, again["ts"], "settled")["pings"] == [ALICE]
