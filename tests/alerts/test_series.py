"""The series of one alarm are incidents of their own, told apart in words."""

from __future__ import annotations

import pytest

from bot.incident import Incident, Phase
from tests.fakes import texts
from tests.scene import Scene


def test_two_series_of_one_alarm_are_two_incidents(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", contributor="host=a")
    scene.alarm("ALARM", "m2", contributor="host=b")
    scene.run(3)
    assert len(scene.incidents()) == 2


@pytest.mark.parametrize("order", [("", "host=a"), ("host=a", "")])
def test_an_alarm_told_of_as_a_whole_is_no_member_beside_its_series(scene: Scene, order: tuple[str, ...]) -> None:
    for contributor in order:
        scene.alarm("ALARM", f"red {contributor}", contributor=contributor)
        scene.run(3)
    (row,) = scene.incidents()
    found = Incident.model_validate(row.body)
    assert [member.name for member in found.members] == ["api-down (host=a)"]
    assert found.alarm.contributor == "host=a"
    scene.alarm("OK", "over", contributor="host=a", at=scene.clock.now())
    scene.run(3)
    assert [each.state for each in scene.incidents()] == [Phase.RECOVERED]


def test_an_alarm_whose_series_are_never_told_of_has_its_incident_as_a_whole(scene: Scene) -> None:
    scene.alarm("ALARM", "whole")
    scene.alarm("ALARM", "another", name="api-down#2", contributor="host=a")
    scene.run(3)
    names = {member.name for row in scene.incidents() for member in Incident.model_validate(row.body).members}
    assert names == {"api-down", "api-down#2 (host=a)"}


def test_each_further_series_is_an_incident_of_its_own(scene: Scene) -> None:
    for contributor in ("", "host=a", "host=b"):
        scene.alarm("ALARM", f"red {contributor}", contributor=contributor)
        scene.run(3)
    known = [Incident.model_validate(row.body).members for row in scene.incidents()]
    assert sorted(member.name for members in known for member in members) == [
        "api-down (host=a)",
        "api-down (host=b)",
    ]
    assert len(known) == 2


def test_the_series_of_an_alarm_are_told_apart_in_words(scene: Scene) -> None:
    for identity, path in (("b5e5629b1bc15aa7", "/orders"), ("6d442278dba546f6", "/carts")):
        scene.alarm("ALARM", identity, contributor=identity, series=f"Path={path}")
        scene.run(3)
    rows = scene.incidents()
    known = [Incident.model_validate(row.body) for row in rows]
    names = {member.name: member.key.rpartition("#")[2] for each in known for member in each.members}
    assert names == {"api-down (Path=/orders)": "b5e5629b1bc15aa7", "api-down (Path=/carts)": "6d442278dba546f6"}
    heads = [texts(scene.chat.by_key(f"inc:{row.id}:headline").message) for row in rows]
    assert sorted("api-down (Path=/orders)" in head for head in heads) == [False, True]
    scene.clock.advance(60)
    scene.alarm("OK", "over", contributor="b5e5629b1bc15aa7", series="Path=/orders")
    scene.run(3)
    said = [shown.message.text for row in rows for shown in scene.chat.thread(f"inc:{row.id}:headline")]
    assert sum("`api-down (Path=/orders)` is OK again" in text for text in said) == 1
