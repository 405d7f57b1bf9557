"""``/alarms``: one glance at what is red, whose it is, what is silent; the truth where something cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.domain import AlarmMetric, Person
from bot.errors import NotFoundError, UpstreamError
from bot.ports import Message
from bot.silence_ports import MuteRule
from commands.alarms import AlarmsArgs, plan
from tests.bot.views.limits import check
from tests.fakes import NOON, texts
from tests.scene import ALICE, Scene, the_systems


def answer(scene: Scene, system: str = "", channel: str = "") -> str:
    person = scene.chat.people[ALICE]
    made = plan(AlarmsArgs(system=system), scene.world, person if not channel else person_in(scene, channel))
    assert not made.changes_anything
    message = Message(text=made.answer_text, blocks=tuple(dict(block) for block in made.answer))
    check(message, mentions=frozenset({ALICE}))
    return texts(message)


def person_in(scene: Scene, channel: str) -> Person:
    return replace(scene.chat.people[ALICE], channel=channel)


def line(scene: Scene, name: str, system: str = "") -> str:
    return next(each for each in answer(scene, system).splitlines() if f"`{name}`" in each)


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """Every configured alarm exists and is quiet."""
    scene.metrics.states["jobs-errors"] = "OK"
    return scene


def fire(scene: Scene, name: str = "api-errors") -> None:
    scene.metrics.states[name] = "ALARM"
    scene.metrics.changed[name] = scene.clock.now()
    scene.alarm("ALARM", f"m-{name}", name=name)
    scene.run(4)


def test_when_all_is_well_it_is_one_calm_line(scene: Scene) -> None:
    said = answer(scene)
    assert ":large_green_circle: All 3 alarms are quiet." in said
    assert "api-errors" not in said


def test_a_red_alarm_is_shown_with_its_incident_and_that_nobody_has_it(scene: Scene) -> None:
    fire(scene)
    scene.clock.advance(600)
    red = line(scene, "api-errors")
    headline = scene.headline()
    assert red == (
        f":red_circle: `api-errors` for 10 min · <https://slack.example.com/{headline.channel}/p{headline.ts}|incident>:"
        " nobody has it yet"
    )
    said = answer(scene)
    assert said.startswith("1 in alarm")
    assert "*BI platform* · production" in said
    assert "2 other alarms are quiet" in said


def test_whoever_has_it_is_named(scene: Scene) -> None:
    fire(scene)
    scene.press_incident("acknowledge")
    scene.run(3)
    assert line(scene, "api-errors").endswith(f"<@{ALICE}> has it")


def test_a_red_alarm_without_an_incident_says_so(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    assert line(scene, "api-errors").endswith("no incident is open")


def test_a_silenced_one_is_no_alarm_but_shown(scene: Scene) -> None:
    scene.type("ops", "silence api-errors 2h load test")
    scene.press("confirm")
    scene.run(3)
    fire(scene)
    said = answer(scene)
    assert said.startswith("Nothing is in alarm; 1 in alarm but silenced")
    assert ":no_bell: `api-errors` for 4 s · silent until" in said
    assert "*Silent now*" in said
    assert f"by <@{ALICE}>: load test · 1 fired meanwhile" in said


def test_one_that_was_muted_in_cloudwatch_itself_says_by_what(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    scene.mutes.others = (MuteRule("nightly", ("api-errors",), NOON + 60),)
    assert "muted in CloudWatch by `nightly` until" in line(scene, "api-errors")


def test_what_has_no_data_and_what_does_not_exist_is_said(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "INSUFFICIENT_DATA"
    del scene.metrics.states["jobs-errors"]
    said = answer(scene)
    assert "Nothing is in alarm; 1 without data, 1 not found in CloudWatch" in said
    assert ":white_circle: `api-errors` for 60 min without data" in said or "`api-errors` for 1 h without data" in said
    assert "`jobs-errors` does not exist in CloudWatch" in said


def test_an_alarm_that_nobody_configured_is_shown_while_its_incident_is_open(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="odd")
    scene.run(4)
    said = answer(scene, "all")
    assert said.startswith("1 in alarm")
    assert "*Not in the configuration*" in said
    assert ":red_circle: `odd` for 4 s" in said


def test_while_cloudwatch_is_away_nothing_is_called_quiet(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", UpstreamError("AWS did not answer.", retryable=True))
    said = answer(scene)
    assert "3 could not be read" in said
    assert "AWS did not answer." in said
    assert "quiet" not in said


def test_a_place_without_alarms_says_so(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="There is no system “zoo”"):
        answer(scene, "zoo")


def test_the_channel_says_which_system_is_meant(tmp_path: Path) -> None:
    (bi,) = the_systems()
    scene = Scene(tmp_path, catalog=Catalog((bi, bi.model_copy(update={"system": "zoo", "channel": "#zoo"}))))
    scene.chat.channels["#zoo"] = "C0ZOO"
    scene.alarm("ALARM", "m1", name="odd")
    where = {"ClusterName": "c", "ServiceName": "api"}
    metric: dict[str, Any] = {"namespace": "AWS/ECS", "name": "CPUUtilization", "dimensions": where}
    scene.alarm("ALARM", "m2", name="cpu", metric=AlarmMetric.model_validate(metric))
    scene.run(4)
    for channel, names in {"C0BI": {"cpu"}, "C0ZOO": set(), "C0OPS": {"cpu", "odd"}}.items():
        said = answer(scene, channel=channel)
        assert {name for name in ("cpu", "odd") if f"`{name}`" in said} == names
    assert "zoo" not in answer(scene, "bi")
    scene.close()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Scene]:
    """Two systems, one of which has the default channel for its own, and no alarms."""
    (bi,) = the_systems()
    zoo = bi.model_copy(
        update={"system": "zoo", "channel": "#ops", "environments": {"staging": bi.environments["staging"]}}
    )
    scene = Scene(tmp_path, catalog=Catalog((bi, zoo)))
    yield scene
    scene.close()


def test_an_unlisted_alarm_is_shown_in_the_default_channel_even_where_that_is_a_systems_own(shared: Scene) -> None:
    assert "No alarms are configured here." in answer(shared, channel="C0OPS")
    shared.alarm("ALARM", "m1", name="odd")
    shared.run(4)
    for system in ("", "zoo"):
        said = answer(shared, system, channel="C0OPS")
        assert said.startswith("1 in alarm") and "`odd`" in said and "green" not in said
    assert "odd" not in answer(shared, channel="C0BI")
    assert "odd" not in answer(shared, "zoo", channel="C0BI")
    assert "odd" not in answer(shared, "bi", channel="C0OPS")


def test_of_the_only_system_its_own_alarms_are_shown_and_no_others(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="odd")
    scene.run(4)
    assert "`odd`" in answer(scene, channel="C0OPS")
    said = answer(scene, "bi", channel="C0OPS")
    assert "`odd`" not in said and "in alarm" not in said


def test_what_is_red_in_a_channel_is_never_green_there_even_when_cloudwatch_says_otherwise(shared: Scene) -> None:
    shared.metrics.states["jobs-errors"] = "OK"
    shared.alarm("ALARM", "m1", name="api-errors")
    shared.run(4)
    assert shared.metrics.states["api-errors"] == "OK"
    said = answer(shared, channel="C0BI")
    assert said.startswith("1 in alarm") and "*Also open in this channel*" in said
    assert ":red_circle: `api-errors`" in said and "green" not in said
    shared.metrics.states["api-errors"] = "ALARM"
    assert answer(shared, channel="C0BI").count("`api-errors`") == 1
    assert "api-errors" not in answer(shared, channel="C0OPS")


def test_hostile_names_of_alarms_are_shown_as_text(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="<!channel> *x*")
    scene.run(4)
    assert "<!channel>" not in answer(scene, "all")


def test_a_storm_fits_in_one_message(scene: Scene) -> None:
    for number in range(40):
        scene.alarm("ALARM", f"m{number}", name=f"storm-{number:03d}-{'x' * 200}", at=scene.clock.now() - 400 * number)
        scene.run()
    scene.run(5)
    assert len(answer(scene, "all")) < 30_000
