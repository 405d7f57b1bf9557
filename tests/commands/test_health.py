"""``/health``: the worst and why in the first line, then what else is not green, then a line for each service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.cloud import LogLine
from bot.domain import Environment, Person, Service, Target
from bot.errors import DeniedError, NotFoundError, UpstreamError
from bot.health.picture import taken
from bot.reach_ports import Rows
from commands.health import HealthArgs, plan
from tests.commands.health_room import (
    AMBER,
    BEGINS,
    answer,
    asked,
    certificate,
    first,
    measure,
    room,
    the_system,
)
from tests.fake_aws import a_definition
from tests.fakes import NOON, serially
from tests.scene import ALICE, REPOSITORY, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Everything is well."""
    with room(tmp_path) as made:
        yield made


def test_when_all_is_well_the_first_line_says_so_and_each_service_has_one_line(scene: Scene) -> None:
    scene.logs.lines["/ecs/api"] = [LogLine(NOON - 60, "ERROR x", "s")]
    said = answer(scene).splitlines()
    assert said[:5] == [
        "3 services: 3 green",
        ":large_green_circle: *BI platform* · production: all well, 3 services",
        ":large_green_circle: *api* · 2/2 tasks · 2 healthy targets · 1 error line in 30 min · "
        "health 200 in 40 ms (status healthy, version v1) · 2 alarms quiet · "
        "database 42 of 100 connections, 6 active · Redis ping 1.2 ms, 37 MiB of 100 MiB (37 %) · "
        "certificate 80 days · `v1` deployed 2 h ago by somebody outside the bot",
        ":large_green_circle: *jobs* · function active · 60 calls in 15 min · 1 alarm quiet · "
        "database 25 connections · queue jobs: 3 messages waiting, the oldest for 12 s · no dead letters · "
        "table seen: 42 capacity units used in 15 min, nothing throttled · "
        "`version 1` published 1 h ago by somebody outside the bot",
        ":large_green_circle: *web* · CloudFront deployed · certificate 30 days",
    ]


def test_the_worst_comes_first_and_what_is_green_of_an_ill_service_is_told_too(scene: Scene) -> None:
    scene.certificates.shown["www.example.com:443"] = certificate(6)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=1)
    said = answer(scene).splitlines()
    assert said[0] == "3 services: 1 red, 1 amber, 1 green"
    assert said[1] == f"{BEGINS}*api*: 1 of 2 tasks run (and 1 more)"
    assert said[2] == ":large_yellow_circle: *web*: certificate of www.example.com ends in 6 days"
    assert said[3].startswith(":red_circle: *api* · 2 healthy targets ·")
    assert said[5] == ":large_yellow_circle: *web* · CloudFront deployed"


def test_of_all_systems_an_account_is_asked_once_for_its_numbers_and_once_for_its_alarms(tmp_path: Path) -> None:
    system = the_system()
    scene = Scene(tmp_path, catalog=Catalog((system, system.model_copy(update={"system": "ops", "channel": "#ops"}))))
    measure(scene, Errors=7.0)
    conditions = taken(scene.catalog.targets, scene.world)
    assert len(scene.metrics.windows) == 1
    assert len(scene.metrics.read) == 2 * 9
    here = scene.api.account
    assert sorted(account.region for account, _ in scene.metrics.asked) == [here.region]
    told = {each.target.system for each in conditions for verdict in each.verdicts if "7 failed" in verdict.text}
    assert told == {"bi", "ops"}
    scene.close()


@pytest.mark.parametrize("elsewhere", [{"region": "us-west-2"}, {"role_arn": "arn:aws:iam::2:role/bot"}])
@pytest.mark.parametrize("refused", ["here", "far"])
def test_an_account_that_refuses_its_numbers_leaves_those_of_others(
    tmp_path: Path, elsewhere: dict[str, str], refused: str
) -> None:
    system = the_system()
    near = system.model_copy(update={"system": "ops", "channel": "#ops"})
    far = system.model_copy(update={"system": "far", "channel": "#far"} | elsewhere)
    scene = Scene(tmp_path, catalog=Catalog((system, near, far)))
    measure(scene, Errors=7.0)
    account = scene.target(f"{'bi' if refused == 'here' else 'far'}/production/jobs").account
    scene.metrics.failures.add(
        f"several {account.region} {account.role_arn}".rstrip(), UpstreamError("AWS denied cloudwatch:GetMetricData.")
    )
    told = {
        each.target.key: [verdict.text for verdict in each.verdicts]
        for each in taken(scene.catalog.targets, scene.world)
    }
    denied = {key for key, texts in told.items() if "calls: AWS denied cloudwatch:GetMetricData" in texts}
    read = {key for key, texts in told.items() if "0 calls in 15 min, 7 failed" in texts}
    here, there = {"bi/production/jobs", "ops/production/jobs"}, {"far/production/jobs"}
    assert (denied, read) == ((here, there) if refused == "here" else (there, here))
    assert len(scene.metrics.windows) == 1
    scene.close()


def test_what_aws_is_asked_for_begins_before_what_the_store_knows(scene: Scene) -> None:
    begun: list[str] = []

    def gather(reads: Any, *, seconds: float) -> Any:
        begun.extend(reads)
        return serially(reads, seconds=seconds)

    taken(scene.catalog.targets, replace(scene.world, gather=gather))
    of_store = [place for place, name in enumerate(begun) if name.startswith("shipped ")]
    numbers = [place for place, name in enumerate(begun) if name.startswith("numbers ")]
    assert len(numbers) == 1
    assert numbers[0] < min(of_store)


# what does not answer


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("services", "*api*: tasks: no answer in 2.5 s"),
        ("target_health", "*api*: target health: no answer in 2.5 s"),
    ],
)
def test_what_is_late_hides_nothing_else(scene: Scene, call: str, line: str) -> None:
    scene.ecs.failures.add(call, TimeoutError())
    said = answer(scene)
    assert f"{AMBER}{line}" in said
    assert "database 42 of 100 connections" in said


DENIED = UpstreamError("AWS denied sqs:GetQueueAttributes; give the bot's role this permission.")


def test_what_the_bot_may_not_see_names_the_permission(scene: Scene) -> None:
    scene.queues.failures.add("queue jobs", DENIED)
    line = "*jobs*: queue jobs: AWS denied sqs:GetQueueAttributes; give the bot's role this permission"
    assert first(scene) == f"{AMBER}{line}"


def test_one_refusal_that_hides_several_services_is_told_once(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", UpstreamError("AWS denied cloudwatch:DescribeAlarms."))
    assert first(scene) == f"{AMBER}*api*, *jobs*: alarms: AWS denied cloudwatch:DescribeAlarms"


def test_everything_may_fail_at_once(scene: Scene) -> None:
    error = UpstreamError("AWS cannot be reached.")
    scene.ecs.failures.add("services", error)
    scene.metrics.failures.add("alarms", error)
    scene.metrics.failures.add("several", error)
    scene.functions.failures.add("function", error)
    scene.functions.failures.add("alias", error)
    scene.sites.failures.add("distribution", error)
    scene.queues.failures.add("queue jobs", error)
    scene.databases.answers.clear()
    scene.caches.states.clear()
    scene.certificates.shown.clear()
    said = answer(scene)
    assert said.startswith("3 services: 3 amber")
    for what in ("tasks", "alarms", "function", "alias", "calls", "CloudFront", "queue jobs", "Redis"):
        assert f"{what}: " in said, what


def test_a_bug_in_one_look_is_said_and_hides_nothing(scene: Scene) -> None:
    scene.sites.failures.add("distribution", KeyError("Status"))
    assert first(scene) == f"{AMBER}*web*: CloudFront: it could not be read"


def test_an_answer_of_another_shape_hides_no_other_look(scene: Scene) -> None:
    scene.databases.answers["bi/db"] = Rows((), (), more=False, place="bi on db:5432")
    assert first(scene) == f"{AMBER}*api*: database: it could not be read"
    assert "Redis ping" in answer(scene)


# which systems


def another(scene: Scene) -> Catalog:
    (system,) = scene.catalog.systems
    twin = system.model_copy(update={"system": "crm", "title": "CRM", "channel": "#crm"})
    return Catalog((system, twin))


def test_without_words_it_is_the_system_of_the_channel(scene: Scene) -> None:
    scene.world = replace(scene.world, catalog=another(scene))
    said = answer(scene, "", "", channel="C0BI")
    assert "*BI platform* · production" in said
    assert "*BI platform* · staging" in said
    assert "*CRM*" not in said


def test_elsewhere_each_system_has_one_line_and_a_button(scene: Scene) -> None:
    scene.chat.channels["#crm"] = "C0CRM"
    scene.world = replace(scene.world, catalog=another(scene))
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=1)
    made = asked(scene, "", "", channel="C0NOWHERE")
    lines = answer(scene, "", "", channel="C0NOWHERE").splitlines()
    assert lines[2] == f"{BEGINS}*api*: 1 of 2 tasks run"
    assert len([line for line in lines if line.startswith(":")]) == 4
    assert made.choices[0].text == "health bi production"


def test_all_is_every_system_also_in_the_channel_of_one(scene: Scene) -> None:
    scene.world = replace(scene.world, catalog=another(scene))
    assert answer(scene, "All", "", channel="C0BI") == answer(scene, "", "", channel="C0NOWHERE")
    said = answer(scene, "all", "prod", channel="C0BI")
    assert "*CRM* · production" in said and "staging" not in said


def test_all_is_what_the_asker_may_read(scene: Scene) -> None:
    def may(person: Person, action: str, target: Target | None) -> bool:
        return target is None or target.system == "crm"

    scene.world = replace(scene.world, catalog=another(scene), may=may)
    said = answer(scene, "all", "", channel="C0BI")
    assert "*CRM*" in said and "*BI platform*" not in said


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("bi", "prod"), "*BI platform* · production"),
        (("staging", ""), "*BI platform* · staging"),
        (("bi/api", "staging"), "*BI platform* · staging: all well, 1 service"),
    ],
)
def test_words(scene: Scene, words: tuple[str, str], shown: str) -> None:
    assert shown in answer(scene, *words)


@pytest.mark.parametrize("words", [("by", ""), ("bi", "qa"), ("crm", "production")])
def test_what_does_not_exist_is_refused_with_what_does(scene: Scene, words: tuple[str, str]) -> None:
    with pytest.raises(NotFoundError) as caught:
        asked(scene, *words)
    assert caught.value.hint


def test_who_may_not_read_a_system_is_shown_nothing_of_it(scene: Scene) -> None:
    def may(person: Person, action: str, target: Target | None) -> bool:
        return action == "read" and (target is None or target.environment == "staging")

    scene.world = replace(scene.world, may=may)
    assert "production" not in answer(scene, "", "")
    scene.chat.failures.add("permalink", AssertionError("nothing may be asked"))
    with pytest.raises(DeniedError, match="You may not look at this system"):
        asked(scene, "bi", "production")


def test_what_is_not_well_leads_to_its_logs_unless_it_writes_none(scene: Scene) -> None:
    scene.sites.front = replace(scene.sites.front, enabled=False)
    assert asked(scene).choices == ()
    scene.metrics.states["api-down"] = "ALARM"
    assert [(each.label, each.text) for each in asked(scene).choices] == [
        ("Logs of api", "logs bi/api production last 30m")
    ]


def test_alarms_are_asked_by_name_in_one_call(scene: Scene) -> None:
    answer(scene, "bi", "")
    assert [names for _, names in scene.metrics.asked] == [("api-down", "api-errors", "jobs-errors")] * len(
        scene.metrics.asked
    )


def test_it_is_a_command_that_anybody_who_may_read_can_type(scene: Scene) -> None:
    scene.type("ops", "health bi production")
    assert "3 services: 3 green" in scene.said_to(ALICE)[0].text
    assert plan(HealthArgs(), scene.world, scene.chat.people[ALICE]).answer


def test_a_hundred_services_fit_into_a_message(scene: Scene) -> None:
    (system,) = scene.catalog.systems
    services = {f"service-number-{n}": Service.model_validate({"kind": "ecs", "cluster": "c"}) for n in range(100)}
    production = Environment(production=True, services=services)
    catalog = Catalog([system.model_copy(update={"environments": {"production": production}})])
    for number, each in enumerate(catalog.targets):
        scene.ecs.add(each, a_definition(each.name, 1, f"{REPOSITORY}:v1"))
        scene.ecs.live[each.key] = replace(scene.ecs.live[each.key], running=number % 2, desired=1 + number)
    scene.world = replace(scene.world, catalog=catalog)
    said = answer(scene)
    assert said.splitlines()[1] == f"{BEGINS}*service-number-0*: 0 of 1 tasks run (and 99 more)"
    assert "… and 69 more" in said


def test_what_is_said_of_many_services_names_some(scene: Scene) -> None:
    (system,) = scene.catalog.systems
    services = {f"s{n}": Service.model_validate({"kind": "ecs", "cluster": "c"}) for n in range(7)}
    production = Environment(production=True, services=services)
    catalog = Catalog([system.model_copy(update={"environments": {"production": production}})])
    scene.world = replace(scene.world, catalog=catalog)
    scene.ecs.failures.add("services", UpstreamError("AWS cannot be reached."))
    assert first(scene) == f"{AMBER}*s0*, *s1*, *s2*, *s3*, *s4* and 2 more: tasks: AWS cannot be reached"
