"""Queries of one's own: which groups they may read, and who may see what is masked in their rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import Actor
from bot.log_settings import NamedQuery
from bot.settings.models import Rule
from bot.telemetry import QueryAnswer
from tests.commands.test_logs import ask, made_scene, told
from tests.commands.test_logs import scene as _room
from tests.fakes import button_labels
from tests.scene import CARA, Scene

scene = _room


def test_a_query_of_ones_own_names_no_other_log_groups_and_one_of_the_configuration_may(scene: Scene) -> None:
    theirs = "SOURCE '/ecs/other' | fields @message"
    assert "SOURCE may not stand in a query of your own" in told(ask(scene, f'insights "{theirs}"', user=CARA))
    assert scene.insights.asked == []
    settings = scene.world.catalog.systems[0].logs
    settings.queries["theirs"] = NamedQuery(query=theirs)
    ask(scene, "query theirs")
    assert [each.query for each in scene.insights.asked] == [theirs]


@pytest.mark.parametrize(
    "query",
    ["fields customer_id as c", "stats count(*) by customer_id as c", 'fields concat(customer_id, "") as c', "limit 1"],
)
def test_no_query_of_ones_own_shows_a_masked_field_by_another_name(tmp_path: Path, query: str) -> None:
    scene = made_scene(tmp_path, *(Rule(action=action, roles=("on-call",)) for action in ("logs", "insights")))
    try:
        assert "only those see who may unmask" in told(ask(scene, f"insights {query}"))
        assert scene.insights.asked == []
    finally:
        scene.close()


def test_rows_of_a_query_of_ones_own_are_shared_with_nobody_who_sees_fields_masked(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer(({"c": "abc123"},), 1, 9, 100)
    message = ask(scene, "insights fields customer_id as c", user=CARA)
    assert "abc123" in told(message)
    scene.desk.press(*button_labels(message)["Share"], Actor(user=CARA, channel="C0BI"), key="share")
    scene.run(4)
    (shared,) = scene.chat.posts
    assert "abc123" not in f"{shared.message}" and "are not shown to everybody" in told(shared.message)
    assert all(b"abc123" not in file.content for file in scene.chat.files)
