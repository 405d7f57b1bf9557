"""``/services``: a line for each service, and the truth when something cannot be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.catalog import Catalog
from bot.command import Plan
from bot.domain import Service, System
from bot.errors import NotFoundError, UpstreamError
from bot.ports import Message
from commands.services import ServicesArgs, plan
from tests.bot.views.limits import check
from tests.fake_aws import a_definition
from tests.fakes import texts
from tests.scene import ALICE, REPOSITORY, Scene, the_systems


def answer(scene: Scene, service: str = "", environment: str = "") -> str:
    made = listed(scene, service, environment)
    return texts(Message(text=made.answer_text, blocks=tuple(dict(block) for block in made.answer)))


def listed(scene: Scene, service: str = "", environment: str = "") -> Plan:
    args = ServicesArgs(service=service, environment=environment)
    before = list(scene.ecs.writes)
    made = plan(args, scene.world, scene.chat.people[ALICE])
    assert not made.changes_anything
    assert scene.ecs.writes == before
    return made


def line(scene: Scene, name: str = "*api*", service: str = "bi/api", environment: str = "production") -> str:
    return next(each for each in answer(scene, service, environment).splitlines() if name in each)


def test_a_line_says_what_runs_since_when_and_by_whom(scene: Scene) -> None:
    assert line(scene) == (
        ":large_green_circle: *api* · 2/2 running · `v1` api:7 · deployed 2 h ago by somebody outside the bot"
    )


def test_whoever_deployed_through_the_bot_is_named(scene: Scene) -> None:
    scene.deploy()
    scene.ecs.settle(scene.api)
    assert line(scene).endswith(f"by <@{ALICE}>")
    assert "`v2` api:8" in line(scene)


def test_a_rollout_is_shown_as_such(scene: Scene) -> None:
    scene.deploy()
    scene.clock.advance(120)
    assert line(scene).startswith(":large_yellow_circle: *api* · 2/2 running · `v2` api:8 · rolling out for 2 min by")


def test_missing_tasks_are_red(scene: Scene) -> None:
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=1)
    assert line(scene).startswith(":red_circle: *api* · 1/2 running")


def test_red_alarms_are_named(scene: Scene) -> None:
    scene.metrics.states["api-down"] = "ALARM"
    assert line(scene).startswith(":red_circle:")
    assert line(scene).endswith(":rotating_light: `api-down`")


@pytest.mark.parametrize(
    ("error", "said"),
    [(UpstreamError("AWS refused <x>."), "AWS refused &lt;x&gt;."), (TimeoutError(), "AWS did not answer in time")],
)
def test_services_that_cannot_be_read_say_why(scene: Scene, error: Exception, said: str) -> None:
    scene.ecs.failures.add("services", error)
    assert line(scene) == f":grey_question: *api* · {said}"


def test_a_service_that_does_not_exist_does_not_hide_the_others(scene: Scene) -> None:
    del scene.ecs.live[scene.api.key]
    assert line(scene) == ":grey_question: *api* · ECS has no such service."
    assert line(scene, environment="staging").startswith(":large_green_circle:")


def test_alarms_that_cannot_be_read_are_said_and_the_rest_is_shown(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", UpstreamError("AWS refused."))
    said = line(scene)
    assert said.endswith("alarms could not be read: AWS refused.")
    assert said.startswith(":grey_question:")


def test_other_kinds_are_named(scene: Scene) -> None:
    said = answer(scene, "bi", "production")
    assert ":white_circle: *jobs* · Lambda function" in said
    assert ":white_circle: *web* · static site" in said


def test_a_whole_system_is_one_message_with_its_environments(scene: Scene) -> None:
    said = answer(scene, "bi")
    assert "*BI platform* · production" in said
    assert "*BI platform* · staging" in said
    assert said.startswith("4 services: 2 well, 2 not judged")


def test_an_environment_alone_is_understood(scene: Scene) -> None:
    said = answer(scene, "staging")
    assert "· staging" in said
    assert "production" not in said


@pytest.mark.parametrize("words", [("apl", ""), ("apl", "production"), ("api", "qa")])
def test_what_does_not_exist_is_refused_with_what_does(scene: Scene, words: tuple[str, str]) -> None:
    with pytest.raises(NotFoundError) as caught:
        listed(scene, *words)
    assert caught.value.hint


def test_a_hundred_services_fit_into_a_message_that_says_what_it_left_out(scene: Scene) -> None:
    (system,) = the_systems()
    production = system.environments["production"]
    named = {f"service-number-{n}": Service.model_validate({"kind": "ecs", "cluster": "c"}) for n in range(100)}
    environments = {"production": production.model_copy(update={"services": named})}
    big = System.model_validate({**system.model_dump(), "environments": {}}).model_copy(
        update={"environments": environments}
    )
    catalog = Catalog((big,))
    for target in catalog.targets:
        scene.ecs.add(target, a_definition(target.name, 1, f"{REPOSITORY}:v1"))
    made = plan(ServicesArgs(), replace(scene.world, catalog=catalog), scene.chat.people[ALICE])
    message = Message(text=made.answer_text, blocks=tuple(dict(block) for block in made.answer))
    check(message)
    shown = texts(message)
    assert all(f"*service-number-{n}*" in shown for n in range(100)) or "more that did not fit" in shown


def test_in_a_systems_channel_nothing_said_means_that_system(scene: Scene) -> None:
    first = scene.world.catalog.systems[0]
    other = first.model_copy(update={"system": "other", "channel": "#other"})
    world = replace(scene.world, catalog=Catalog([first, other]))
    count = sum(target.system == first.system for target in world.catalog.targets)
    here = replace(scene.chat.people[ALICE], channel=scene.chat.channel_id(first.channel))
    assert plan(ServicesArgs(), world, here).answer_text.startswith(f"{count} services")
    everywhere = plan(ServicesArgs(), world, replace(here, channel="C0NOWHERE"))
    assert everywhere.answer_text.startswith(f"{2 * count} services")
