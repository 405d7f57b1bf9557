"""An alarm that is worse joins an incident: somebody is reached by Slack, whoever had it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.domain import System
from bot.rows import Signal
from tests.fakes import Shown
from tests.scene import BOB, Scene, the_systems


def graver(folder: Path, on_call: str, acked: bool) -> Shown:
    """The reply when a worse alarm joins what somebody has in PagerDuty, or nobody has."""
    (system,) = the_systems()
    scene = Scene(folder, catalog=Catalog((System.model_validate({**system.model_dump(), "on_call": (on_call,)}),)))
    scene.alarm("ALARM", "first", name="api-errors")
    scene.run(3)
    (row,) = scene.incidents()
    if acked:
        told: dict[str, Any] = {"event": "acknowledged", "who": "Carol", "by": "user", "at": scene.clock.now()}
        scene.engine.signal(row.id, Signal("pagerduty", told, key="pd"))
        scene.run(3)
    scene.alarm("ALARM", "worse", name="api-down")
    scene.run(5)
    said = [shown for shown in scene.chat.thread(f"inc:{row.id}:headline") if "CRITICAL now" in shown.message.text]
    scene.close()
    (shown,) = said
    return shown


@pytest.mark.parametrize(("on_call", "mention"), [("S0ONCALL", "<!subteam^S0ONCALL>"), (BOB, f"<@{BOB}>")])
def test_who_is_on_call_is_mentioned_when_somebody_has_it_in_pagerduty_only(
    tmp_path: Path, on_call: str, mention: str
) -> None:
    shown = graver(tmp_path, on_call, acked=True)
    assert f"{mention} `api-down` joined" in shown.message.text
    assert shown.broadcast


def test_a_person_who_is_on_call_is_mentioned_when_nobody_has_it(tmp_path: Path) -> None:
    shown = graver(tmp_path, BOB, acked=False)
    assert f"<@{BOB}> `api-down` joined" in shown.message.text
    assert not shown.broadcast
