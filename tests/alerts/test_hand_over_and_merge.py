"""Handing over and merging need a right of somebody else, or at another place: the refusal says whose and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.domain import Person, System
from bot.errors import UpstreamError
from bot.incident import Incident, Phase
from bot.rows import Row, Signal
from bot.settings.models import AccessConfig, Role, Rule
from tests.scene import ALICE, BOB, EVE, GUS, Scene, the_systems


@pytest.mark.parametrize(("user", "said"), [(GUS, "gus may not work on"), (EVE, "eve may not work on")])
def test_whoever_hands_over_is_told_who_may_not(scene: Scene, user: str, said: str) -> None:
    scene.alarm("ALARM", "first")
    scene.run(3)
    scene.say(f"hand over <@{user}>", ALICE)
    told = scene.said_to(ALICE)[0].text
    assert said in told
    assert "they are" in told
    assert "You" not in told


def test_somebody_whom_slack_does_not_know_gets_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.alarm("ALARM", "first")
    scene.run(3)
    (row,) = scene.incidents()
    unknown = UpstreamError("Slack refused users.info: user_not_found.", code="user_not_found")
    known = scene.chat.person

    def person(user: str) -> Person:
        if user == ALICE:
            return known(user)
        raise unknown

    monkeypatch.setattr(scene.chat, "person", person)
    scene.engine.signal(row.id, Signal("hand_over", {"user": ALICE, "to": "U0NOBODY"}, key="h"))
    scene.run(3)
    told = scene.said_to(ALICE)[0].text
    assert told == "It cannot be handed over: Slack knows nobody of that name here."
    assert not Incident.model_validate(scene.incidents()[0].body).is_had


def test_who_may_not_work_on_the_other_incident_merges_nothing_into_it(tmp_path: Path) -> None:
    (system,) = the_systems()
    alarm = [{"name": "shop-down", "severity": "high"}]
    service = {"kind": "ecs", "cluster": "c", "alarms": alarm}
    environments = {"production": {"production": True, "services": {"shop": service}}}
    shop = System.model_validate({**system.model_dump(), "system": "shop", "environments": environments})
    rules = (Rule(action="incident", systems=("bi",), roles=("all",)), Rule(action="incident", roles=("bosses",)))
    roles = {"all": Role(users=(ALICE,)), "bosses": Role(users=(BOB,))}
    scene = Scene(tmp_path, catalog=Catalog((system, shop)), access=AccessConfig(roles=roles, allow=rules))
    rows: dict[str, Row] = {}
    for name in ("api-errors", "shop-down"):
        scene.alarm("ALARM", f"first-{name}", name=name)
        scene.run(3)
        rows[name] = scene.incidents()[0]
        scene.clock.advance(3600)
    mine, other = rows["api-errors"], rows["shop-down"]
    for user in (ALICE, BOB):
        scene.engine.signal(mine.id, Signal("merge", {"user": user, "into": other.id}, key=user))
        scene.run(3)
        found = scene.store.get(mine.id)
        assert found is not None
        assert found.state == (Phase.OPEN if user == ALICE else Phase.MERGED)
    told = scene.said_to(ALICE)[0].text
    assert "It cannot be merged into the incident of shop-down: You may not work on incidents" in told
    scene.close()
